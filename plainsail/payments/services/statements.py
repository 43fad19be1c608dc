"""Bank statements, read: CAMT.053 (ISO 20022, and its kin 052 and 054) and whatever CSV a bank lets one download. Pure.

Only money that came in is told: what went out is nobody's payment.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from xml.etree import ElementTree as ET

from django.utils.translation import gettext_lazy as _

from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import BadMoney, Money

LARGEST = 5_000_000
"""Bytes of a file; a year of a busy shop is far below."""
COLUMNS = ("date", "amount", "text", "name", "iban", "currency")
NEEDED = ("date", "amount", "text")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "date": ("buchungstag", "buchungsdatum", "booking date", "date comptable", "date opération", "datum", "date"),
    "amount": ("betrag (eur)", "betrag", "umsatz", "amount", "montant", "crédit", "credit"),
    "text": (
        *("verwendungszweck", "remittance information", "payment reference", "communication", "libellé"),
        *("buchungstext", "description", "reference", "text"),
    ),
    "name": (
        *("beguenstigter/zahlungspflichtiger", "zahlungspflichtige*r", "name zahlungsbeteiligter", "partner name"),
        *("payer", "auftraggeber", "débiteur", "counterparty", "name", "nom"),
    ),
    "iban": ("kontonummer/iban", "iban zahlungsbeteiligter", "partner iban", "payer iban", "iban", "account number"),
    "currency": ("währung", "waehrung", "currency", "devise"),
}
"""Names that banks give their columns, the telling ones first."""


AMOUNT = re.compile(r"(?:[A-Z]{3}|[€$£¥])?\s*([+-]?\s*[0-9][0-9.,'’\s]*)(?:[A-Z]{3}|[€$£¥])?")
"""A number as people write it, with or without its currency: a reference with digits in it is none."""


class BadStatement(Refusal):
    """The file is no statement that can be read."""

    code = "bad_statement"
    message = _("This file can’t be read as a bank statement. CAMT.053 (XML) and CSV are understood.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Money that came in. `key` tells it from any other, also from one that looks the same."""

    key: str
    booked_on: date
    amount: Money
    payer_name: str = ""
    payer_iban: str = ""
    text: str = ""


@dataclass(frozen=True)
class Table:
    """A CSV as it was read: the names of its columns, its rows, and which column is probably what (-1: none)."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    guess: Mapping[str, int]

    @property
    def is_clear(self) -> bool:
        return all(self.guess[name] >= 0 for name in NEEDED)


def is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def of_camt(content: bytes) -> list[Entry]:
    """What came in by a CAMT file, in its order; entries that aren't booked yet are left out. Raises BadStatement."""
    if len(content) > LARGEST or b"<!DOCTYPE" in content:
        raise BadStatement
    try:
        root = ET.fromstring(content)  # noqa: S314  # no DOCTYPE, so no entities
        for node in root.iter():
            node.tag = node.tag.rpartition("}")[2]
        return _told_apart(entry for line in root.iter("Ntry") for entry in _entries(line))
    except (ET.ParseError, BadMoney, ValueError) as error:
        raise BadStatement from error


def _entries(line: ET.Element) -> Iterator[Entry]:
    """The payments of a line: most banks tell one, some a whole batch."""
    status = line.findtext("Sts/Cd") or line.findtext("Sts") or "BOOK"
    if line.findtext("CdtDbtInd") != "CRDT" or status.strip() != "BOOK" or line.findtext("RvslInd") == "true":
        return
    booked_on = date.fromisoformat(_text(line, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")[:10])
    parts = line.findall("NtryDtls/TxDtls") or [line]
    for number, part in enumerate(parts):
        money = part.find("AmtDtls/TxAmt/Amt") if part.find("Amt") is None else part.find("Amt")
        money = line.find("Amt") if money is None or len(parts) == 1 else money
        if money is None or money.text is None:
            raise ValueError("an entry without an amount")
        of_bank = _text(part, "Refs/AcctSvcrRef", "AcctSvcrRef") or _text(line, "AcctSvcrRef")
        texts = [node.text or "" for node in part.iterfind("RmtInf//Ustrd")]
        texts += [node.text or "" for node in part.iterfind("RmtInf//CdtrRefInf/Ref")]
        texts.append(_text(part, "Refs/EndToEndId").replace("NOTPROVIDED", ""))
        yield Entry(
            key=f"{of_bank}/{number}" if of_bank else "",
            booked_on=booked_on,
            amount=Money.parse(money.text.strip(), money.get("Ccy", "")),
            payer_name=_text(part, "RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm")[:150],
            payer_iban=_text(part, "RltdPties/DbtrAcct/Id/IBAN")[:34],
            text=" ".join(text for text in texts if text)[:500],
        )


def _text(node: ET.Element, *paths: str) -> str:
    return next((found.strip() for path in paths if (found := node.findtext(path))), "")


def table(content: bytes) -> Table:
    """A CSV's columns and rows, whatever stands above them. Raises BadStatement."""
    if len(content) > LARGEST:
        raise BadStatement
    text = decoded(content)
    delimiter = max(";,\t", key=text[:5000].count)
    try:
        lines = [tuple(cell.strip() for cell in line) for line in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadStatement from error
    lines = [line for line in lines if sum(map(bool, line)) > 1]
    scored = [(sum(index >= 0 for index in _guess(line).values()), -number) for number, line in enumerate(lines[:30])]
    best, place = max(scored, default=(0, 0))
    if len(lines) < 2 or (not best and len(lines[0]) < len(NEEDED)):
        raise BadStatement
    heads = lines[-place]
    rows = tuple((*line, *[""] * len(heads))[: len(heads)] for line in lines[-place + 1 :])
    return Table(heads, rows, _guess(heads))


def decoded(content: bytes) -> str:
    """A file as text: UTF-8, or what banks used before it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _guess(heads: Sequence[str]) -> dict[str, int]:
    names = [head.casefold().strip() for head in heads]
    return {name: next((names.index(word) for word in KNOWN[name] if word in names), -1) for name in COLUMNS}


def of_table(found: Table, columns: Mapping[str, int], *, currency: str) -> list[Entry]:
    """What came in by a CSV's rows; `columns` says which is what. Rows without a date or an amount are left out.

    Raises BadStatement where none is left.
    """
    entries = [entry for row in found.rows if (entry := _entry(row, columns, currency=currency))]
    if not entries:
        raise BadStatement(_("No line of this file has a date and an amount where you say they are."))
    return _told_apart(entry for entry in entries if entry.amount.minor > 0)


def _entry(row: Sequence[str], columns: Mapping[str, int], *, currency: str) -> Entry | None:
    cells = {name: row[index] if 0 <= (index := columns.get(name, -1)) < len(row) else "" for name in COLUMNS}
    booked_on = day(cells["date"])
    code = cells["currency"].upper() if re.fullmatch("[A-Za-z]{3}", cells["currency"]) else currency
    try:
        amount = Money.parse(plain(cells["amount"]), code)
    except BadMoney:
        return None
    if booked_on is None:
        return None
    return Entry(
        key="",
        booked_on=booked_on,
        amount=amount,
        payer_name=cells["name"][:150],
        payer_iban=re.sub(r"\s", "", cells["iban"])[:34],
        text=cells["text"][:500],
    )


def day(text: str) -> date | None:
    """A day as banks write it; where day and month could be either, the day comes first."""
    for shape in ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d/%m/%y"):
        try:
            return datetime.strptime(text.strip()[:10], shape).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    return None


def plain(text: str) -> str:
    """An amount without what groups its digits, such as `-1234.5` for `-1.234,50 €`: the last mark parts the decimals."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        return ""
    kept = re.sub(r"[^0-9.,-]", "", found[1])
    mark = max(kept.rfind(","), kept.rfind("."))
    if mark < 0:
        return kept
    is_grouping = len(kept) - mark == 4 and kept.count(kept[mark]) > 1
    whole, decimals = (kept, "") if is_grouping else (kept[:mark], kept[mark + 1 :])
    return re.sub("[.,]", "", whole) + (f".{decimals}" if decimals else "")


def _told_apart(entries: Iterable[Entry]) -> list[Entry]:
    """Each with a key. Where the bank gives none it is a digest of the line; the second of two like ones is counted."""
    seen: Counter[str] = Counter()
    keyed = []
    for entry in entries:
        facts = (entry.booked_on.isoformat(), str(entry.amount), entry.payer_name, entry.payer_iban, entry.text)
        key = entry.key[:80] or hashlib.blake2b("\x1f".join(facts).encode(), digest_size=16).hexdigest()
        seen[key] += 1
        keyed.append(replace(entry, key=key if seen[key] == 1 else f"{key[:74]}#{seen[key]}"))
    return keyed
