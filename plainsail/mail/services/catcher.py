"""Reading what the local mail catcher caught: a Maildir of whole messages, newest first. Never trusts what stands in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from functools import cached_property
from pathlib import Path
from uuid import UUID

KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z._=,+:-]{0,200}")
HEADER_BYTES = 32_768
MOST_LOOKED_AT = 3_000
"""Messages whose headers are read for one page of the list."""
FOLDERS = ("new", "cur")


@dataclass(frozen=True)
class Reader:
    """Who looks: the operator sees all, others what came to their address or from a business they belong to."""

    addresses: frozenset[str]
    workspaces: frozenset[UUID]
    sees_all: bool = False

    def may_see(self, caught: Caught) -> bool:
        if self.sees_all or self.addresses & caught.recipients:
            return True
        return caught.workspace_id is not None and caught.workspace_id in self.workspaces


@dataclass(frozen=True)
class Attached:
    """A file in a message."""

    number: int
    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Caught:
    """One message in the mailbox. The head is read at once, the rest when it is asked for."""

    key: str
    path: Path
    head: EmailMessage = field(repr=False)

    @property
    def subject(self) -> str:
        return _line(self.head, "Subject")

    @property
    def sender(self) -> str:
        return _line(self.head, "From")

    @property
    def to(self) -> str:
        return _line(self.head, "To") or ", ".join(sorted(self.recipients))

    @property
    def at(self) -> datetime:
        """When it arrived: a Maildir's names begin with the second."""
        seconds = self.key.split(".", 1)[0]
        return datetime.fromtimestamp(int(seconds) if seconds.isdigit() else self.path.stat().st_mtime, tz=UTC)

    @property
    def recipients(self) -> frozenset[str]:
        """The envelope's recipients, as the catcher noted them."""
        return frozenset(str(address).strip().lower() for address in self.head.get_all("X-Envelope-To", []))

    @property
    def workspace_id(self) -> UUID | None:
        with suppress(ValueError):
            return UUID(_line(self.head, "X-Plainsail-Workspace"))
        return None

    @cached_property
    def whole(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=default)
        assert isinstance(message, EmailMessage), "the default policy makes these"
        return message

    @property
    def raw(self) -> bytes:
        return self.path.read_bytes()

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, _line(self.whole, name, value)) for name, value in self.whole.items()]

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, kind: str) -> str:
        # The email package raises all sorts of things for what is no proper message; then there is no such part.
        with suppress(ValueError, LookupError, AttributeError, TypeError):
            part = self.whole.get_body((kind,))
            if part is not None:
                return str(part.get_content()).replace("\r\n", "\n")
        return ""

    @property
    def attachments(self) -> list[Attached]:
        found: list[Attached] = []
        with suppress(ValueError, LookupError, AttributeError, TypeError):
            for number, part in enumerate(self.whole.iter_attachments()):
                content = part.get_payload(decode=True)
                name = part.get_filename() or f"part-{number + 1}"
                found.append(
                    Attached(number, name, part.get_content_type(), content if isinstance(content, bytes) else b"")
                )
        return found


def listed(
    folder: Path, reader: Reader, *, words: str = "", skip: int = 0, limit: int = 50
) -> tuple[list[Caught], bool]:
    """Messages that a reader may see, newest first, and whether there are more.

    `words` must occur in subject, sender or recipients. Looks at the newest 3,000 messages.
    """
    chosen = _chosen(_newest(folder), lambda caught: reader.may_see(caught) and _has(caught, words))
    found: list[Caught] = []
    for place, caught in enumerate(chosen):
        if len(found) == limit:
            return found, True
        if place >= skip:
            found.append(caught)
    return found, False


def find(folder: Path, key: str, reader: Reader) -> Caught | None:
    """One message by its key; None where it isn't there, or isn't this reader's business."""
    if not KEY.fullmatch(key):
        return None
    for path in (folder / name / key for name in FOLDERS):
        caught = _read(path)
        if caught is not None and reader.may_see(caught):
            return caught
    return None


def clear(folder: Path) -> int:
    """Delete everything; returns how many messages."""
    gone = 0
    for path in _paths(folder):
        with suppress(FileNotFoundError):
            path.unlink()
            gone += 1
    return gone


def _paths(folder: Path) -> Iterator[Path]:
    for name in FOLDERS:
        with suppress(FileNotFoundError):
            yield from (folder / name).iterdir()


def _newest(folder: Path) -> list[Path]:
    return sorted(_paths(folder), key=_arrival, reverse=True)[:MOST_LOOKED_AT]


def _arrival(path: Path) -> tuple[int, int, str]:
    """Second and microsecond in a Maildir name such as `1795392000.M123456P12Q7.host`; then the counter."""
    seconds, _dot, rest = path.name.partition(".")
    micro = re.match(r"M(\d+)", rest)
    return int(seconds) if seconds.isdigit() else 0, int(micro[1]) if micro else 0, path.name


def _chosen(paths: list[Path], wanted: Callable[[Caught], bool]) -> Iterator[Caught]:
    for path in paths:
        caught = _read(path)
        if caught is not None and wanted(caught):
            yield caught


def _read(path: Path) -> Caught | None:
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
    except (FileNotFoundError, IsADirectoryError):  # cleared, or moved from new to cur, meanwhile
        return None
    parsed = BytesHeaderParser(policy=default).parsebytes(head)
    assert isinstance(parsed, EmailMessage), "the default policy makes these"
    return Caught(path.name, path, parsed)


def _has(caught: Caught, words: str) -> bool:
    text = f"{caught.subject} {caught.sender} {caught.to}".lower()
    return all(word in text for word in words.lower().split())


def _line(message: EmailMessage, name: str, value: object = None) -> str:
    """A header on one line, whatever it holds."""
    try:
        found = message.get(name) if value is None else value
    except (ValueError, LookupError, AttributeError, TypeError):  # as `_body`: the package's parsers are not total
        return ""
    return " ".join(str(found or "").split())
