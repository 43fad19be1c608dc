"""Reading an aggregate report (RFC 9990) out of a mail: as XML, or packed with gzip or zip. Whoever sent it may mean ill.

What is packed is unpacked no further than a report can be long, no entity is ever expanded, and only what is needed is kept.
"""

from __future__ import annotations

import ipaddress
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from io import BytesIO
from typing import NoReturn
from xml.parsers import expat

from plainsail.kernel import zips

LARGEST = 20_000_000
"""Bytes of a report, unpacked. The largest real ones have some megabytes."""
MOST_RECORDS = 100_000
MOST_SOURCES = 500
"""Sources kept of one report, those with most messages first; the others are added up."""
DEEPEST = 12
MOST_COUNT = 1_000_000_000
OTHERS = "*"
KEPT = {
    ("report_metadata", "org_name"),
    ("report_metadata", "report_id"),
    ("report_metadata", "date_range", "begin"),
    ("report_metadata", "date_range", "end"),
    ("policy_published", "domain"),
}


class Unreadable(Exception):
    """No report, or none that can be believed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Sums:
    """Messages of one source: how many, and how many of them passed, by what, and what became of the others."""

    messages: int = 0
    passed: int = 0
    dkim_passed: int = 0
    spf_passed: int = 0
    quarantined: int = 0
    rejected: int = 0

    def add(self, other: Sums) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Report:
    """One report: who says it, under which id, about which domain and time, and what it says of each source."""

    org: str
    report_id: str
    domain: str
    begins_at: datetime
    ends_at: datetime
    sources: dict[str, Sums] = field(default_factory=dict)


def read_mail(raw: bytes) -> Report:
    """The report that a mail brings. Raises Unreadable."""
    try:
        parts = [part.get_payload(decode=True) for part in message_from_bytes(raw).walk() if not part.is_multipart()]
    except (MessageError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise Unreadable("no_mail") from error
    refused = Unreadable("no_report")
    for content in parts:
        if not isinstance(content, bytes) or not content:
            continue
        try:
            xml = unpacked(content)
        except Unreadable as error:
            refused = error
            continue
        if xml is not None:
            return read(xml)
    raise refused


def unpacked(content: bytes) -> bytes | None:
    """The XML in an attachment; None where it is something else. Raises Unreadable for one that is too large or broken."""
    if content.startswith(b"\x1f\x8b"):
        return _gunzipped(content)
    if content.startswith(b"PK\x03\x04"):
        return _unzipped(content)
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"<") or b"feedback" not in start[:2000]:
        return None
    if len(content) > LARGEST:
        raise Unreadable("too_large")
    return content


def _gunzipped(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        xml = unpacker.decompress(content, LARGEST + 1)
    except zlib.error as error:
        raise Unreadable("broken") from error
    if len(xml) > LARGEST:
        raise Unreadable("too_large")
    if not unpacker.eof:
        raise Unreadable("broken")
    return xml


def _unzipped(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            names = [each for each in packed.infolist() if not each.is_dir()]
            if len(names) != 1:
                raise Unreadable("broken")
            # What the archive says of its own size is not believed.
            with packed.open(names[0]) as opened:
                xml = opened.read(LARGEST + 1)
    except zips.BROKEN as error:
        raise Unreadable("broken") from error
    if len(xml) > LARGEST:
        raise Unreadable("too_large")
    return xml


def read(xml: bytes) -> Report:
    """What a report says. Raises Unreadable."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - expat takes it by place
    except expat.ExpatError as error:
        raise Unreadable("broken") from error
    return reader.report()


def _refuse_doctype(*_given: object) -> NoReturn:
    """No report needs one; bombs of entities do."""
    raise Unreadable("doctype")


class _Reader:
    """Takes in elements as they come, so that a long report never stands in memory as a tree."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.words: list[str] = []
        self.facts: dict[tuple[str, ...], str] = {}
        self.row: dict[str, str] = {}
        self.sources: dict[str, Sums] = {}
        self.records = 0

    def begin(self, name: str, _attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(":")[2])
        self.words.clear()
        if len(self.path) > DEEPEST:
            raise Unreadable("broken")
        if self.path[0] != "feedback":
            raise Unreadable("no_report")

    def text(self, words: str) -> None:
        if len(self.words) < 64:
            self.words.append(words[:1000])

    def end(self, _name: str) -> None:
        place, said = tuple(self.path[1:]), "".join(self.words).strip()[:255]
        if place in KEPT:
            self.facts[place] = said
        elif place[:2] == ("record", "row"):
            self.row[place[-1]] = said
        if place == ("record",):
            self._keep_record()
        self.path.pop()
        self.words.clear()

    def _keep_record(self) -> None:
        row, self.row = self.row, {}
        self.records += 1
        if self.records > MOST_RECORDS:
            raise Unreadable("too_large")
        try:
            source = str(ipaddress.ip_address(row.get("source_ip", "")))
            count = int(row.get("count", ""))
        except ValueError as error:
            raise Unreadable("broken") from error
        if not 0 <= count <= MOST_COUNT:
            raise Unreadable("broken")
        by_dkim, by_spf = row.get("dkim", "").lower() == "pass", row.get("spf", "").lower() == "pass"
        did = row.get("disposition", "").lower()
        self.sources.setdefault(source, Sums()).add(
            Sums(
                messages=count,
                passed=count if by_dkim or by_spf else 0,
                dkim_passed=count if by_dkim else 0,
                spf_passed=count if by_spf else 0,
                quarantined=count if did == "quarantine" else 0,
                rejected=count if did == "reject" else 0,
            )
        )

    def report(self) -> Report:
        org, report_id, begin, end, domain = (
            self.facts.get(place, "")
            for place in (
                ("report_metadata", "org_name"),
                ("report_metadata", "report_id"),
                ("report_metadata", "date_range", "begin"),
                ("report_metadata", "date_range", "end"),
                ("policy_published", "domain"),
            )
        )
        if not org or not report_id or not domain:
            raise Unreadable("no_report")
        return Report(
            org=org,
            report_id=report_id,
            domain=domain.lower().rstrip("."),
            begins_at=_moment(begin),
            ends_at=_moment(end),
            sources=_largest(self.sources),
        )


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable("broken") from error


def _largest(sources: dict[str, Sums]) -> dict[str, Sums]:
    if len(sources) <= MOST_SOURCES:
        return sources
    by_size = Counter({source: sums.messages for source, sums in sources.items()})
    kept = {source: sources[source] for source, _messages in by_size.most_common(MOST_SOURCES - 1)}
    others = Sums()
    for source, sums in sources.items():
        if source not in kept:
            others.add(sums)
    return kept | {OTHERS: others}
