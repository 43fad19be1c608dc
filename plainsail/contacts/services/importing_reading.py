"""Files of contacts, row by row: CSV in any encoding, XLSX, vCard. A row that can't be read is told, never fatal.

Memory stays flat whatever the file: a line is at most a megabyte, a row at most a thousand lines.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from plainsail.contacts.services import importing_sheets, importing_vcard
from plainsail.contacts.services.importing_encodings import encoding_of
from plainsail.kernel.errors import Refusal

SAMPLE = 256 * 1024
LONGEST_LINE = 1024 * 1024
MOST_LINES = 1000
"""Lines of one row: more than that is a quotation mark that nobody closed."""
MOST_COLUMNS = 200
DELIMITERS = ",;\t|"
ENCRYPTED = b"\xd0\xcf\x11\xe0"
"""What an old or locked Excel file begins with."""
NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Layout:
    """How a file is to be read: `kind` is csv, xlsx or vcard; the rest matters for csv alone, but for `has_head`."""

    kind: str = "csv"
    encoding: str = "utf_8"
    delimiter: str = ","
    has_head: bool = True

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Fault:
    """What is wrong, where: row 1 is the first line of the file."""

    row: int
    column: str
    value: str
    reason: str


Record = tuple[int, list[str]]


class Unreadable(Refusal):
    """Nothing of the file can be taken; the fault says where it is wrong."""

    code = "unreadable_file"
    status = 422

    def __init__(self, reason: str, *, row: int = 1, column: str = "1", value: str = "") -> None:
        where = _("Row %(row)d, column %(column)s: %(reason)s") % {"row": row, "column": column, "reason": reason}
        super().__init__(where, field="file")
        self.fault = Fault(row, column, value[:200], reason)


def inspect(path: Path) -> Layout:
    """Find out how a file is to be read, from its first 256 KB. Raises Unreadable."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    if not start.strip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(_("The file is empty."))
    if start.startswith(b"PK\x03\x04"):
        _check_sheet(path)
        return Layout(kind="xlsx")
    if start.startswith(ENCRYPTED):
        raise Unreadable(_("This is an old or a locked Excel file. Save it as .xlsx or .csv."))
    encoding = encoding_of(start)
    text = start.decode(encoding, errors="ignore").removeprefix("\ufeff")
    strange = NO_TEXT.findall(text)
    if len(strange) * 50 > len(text):
        raise Unreadable(_("This is no table of text, but some other kind of file."), value=repr(strange[0]))
    if text.lstrip().upper().startswith("BEGIN:VCARD"):
        return Layout(kind="vcard", encoding=encoding)
    delimiter = _delimiter(text)
    return Layout(encoding=encoding, delimiter=delimiter, has_head=_has_head(text, delimiter))


def _check_sheet(path: Path) -> None:
    try:
        with ZipFile(path) as archive:
            importing_sheets.check(archive)
    except BadZipFile:
        raise Unreadable(_("The file is damaged.")) from None
    except importing_sheets.TooLarge as error:
        raise Unreadable(
            _("Unpacked this file is larger than what can be read. Save it as CSV."), value=str(error)
        ) from None
    except importing_sheets.NoSheet:
        raise Unreadable(_("This archive holds no Excel sheet.")) from None


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[:30] if line.strip()][:20]
    head = re.sub(r'"[^"]*"', "", lines[0]) if lines else ""

    def fitness(sign: str) -> tuple[int, int]:
        counts = [re.sub(r'"[^"]*"', "", line).count(sign) for line in lines]
        return (sum(1 for number in counts if number == counts[0] and number), head.count(sign))

    best = max(DELIMITERS, key=fitness)
    return best if head.count(best) else ","


def _has_head(text: str, delimiter: str) -> bool:
    """A first line with an address in it is a person, not the names of columns."""
    first = next(csv.reader([text.splitlines()[0] if text.splitlines() else ""], delimiter=delimiter), [])
    return not any("@" in cell for cell in first)


def columns(path: Path, layout: Layout) -> list[str]:
    """The columns' names, made different where two are the same. Raises Unreadable."""
    first = next(iter(read(path, layout, is_raw=True)), None)
    if first is None:
        raise Unreadable(_("The file is empty."))
    if isinstance(first, Fault):
        raise Unreadable(first.reason, row=first.row, column=first.column, value=first.value)
    cells = first[1]
    if len(cells) > MOST_COLUMNS:
        most = {"number": len(cells), "most": MOST_COLUMNS}
        raise Unreadable(
            _("There are %(number)d columns; %(most)d is the most.") % most,
            column=str(MOST_COLUMNS + 1),
            value=cells[MOST_COLUMNS],
        )
    if not layout.has_head:
        return [_("Column %(number)d") % {"number": number} for number in range(1, len(cells) + 1)]
    return _distinct(cells)


def _distinct(cells: Iterable[str]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\0", "").split())[:90] or _("Column %(number)d") % {"number": number}
        again = sum(1 for one in names if one == name or one.startswith(f"{name} ("))
        names.append(f"{name} ({again + 1})" if again else name)
    return names


def read(path: Path, layout: Layout, *, skip: int = 0, is_raw: bool = False) -> Iterator[Record | Fault]:
    """The rows below the head, each with its place in the file (1 is the first line), or what is wrong with it.

    `skip` leaves out that many, which costs as much as reading them. `is_raw` gives the head too. Raises Unreadable.
    """
    rows: Iterator[Record | Fault]
    if layout.kind == "xlsx":
        rows = _sheet(path)
    elif layout.kind == "vcard":
        rows = _vcard(path, layout)
    else:
        rows = _csv(path, layout)
    if layout.has_head and not is_raw:
        next(rows, None)
    for _number in range(skip):
        if next(rows, None) is None:
            return
    yield from rows


def _open(path: Path, layout: Layout) -> TextIO:
    encoding = "utf_8_sig" if layout.encoding == "utf_8" else layout.encoding
    # What the encoding can't say becomes a sign that is noticed later; "surrogateescape" exists for bytes alone.
    errors = "replace" if encoding.startswith(("utf_16", "utf_32")) else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


class _TooManyLines(Exception):
    pass


class _LineTooLong(Exception):
    pass


class _Lines:
    """The lines of a file, which can be given back where a row turned out to swallow too many."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._back: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.taken.append(line)
        if len(line) >= LONGEST_LINE and not line.endswith("\n"):
            self._skip_line()
            raise _LineTooLong
        if len(self.taken) > MOST_LINES:
            raise _TooManyLines
        return line

    def _skip_line(self) -> None:
        while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
            pass

    def give_back(self) -> None:
        """All lines of the row but its first come again."""
        self._back.extendleft(reversed(self.taken[1:]))

    @property
    def is_at_end(self) -> bool:
        if self._back:
            return False
        line = self._file.readline(LONGEST_LINE)
        if line:
            self._back.append(line)
        return not line


def _csv(path: Path, layout: Layout) -> Iterator[Record | Fault]:
    csv.field_size_limit(LONGEST_LINE)
    with _open(path, layout) as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
        row = 0
        while True:
            row += len(lines.taken) or 1
            lines.taken = []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (_TooManyLines, csv.Error):
                yield _unclosed(lines, row)
                reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
                lines.taken = lines.taken[:1]
                continue
            except _LineTooLong:
                value = lines.taken[-1][:80]
                yield Fault(row, "1", value, _("The line is longer than a megabyte."))
                reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
                continue
            if len(lines.taken) > 1 and lines.is_at_end and sum(line.count('"') for line in lines.taken) % 2:
                yield _unclosed(lines, row)
                lines.taken = lines.taken[:1]
                continue
            if any(cells):
                yield row, cells


def _unclosed(lines: _Lines, row: int) -> Fault:
    lines.give_back()
    first = lines.taken[0]
    column = len(next(csv.reader([first[: first.find('"')]]), [])) or 1
    return Fault(row, str(column), first.strip()[:200], _("A quotation mark is opened and not closed."))


def _sheet(path: Path) -> Iterator[Record | Fault]:
    try:
        yield from importing_sheets.rows(path)
    except importing_sheets.Broken as error:
        raise Unreadable(_("The sheet is damaged.")) from error


def _vcard(path: Path, layout: Layout) -> Iterator[Record | Fault]:
    with _open(path, layout) as file:
        yield from enumerate(importing_vcard.rows(file, longest=LONGEST_LINE), 1)
