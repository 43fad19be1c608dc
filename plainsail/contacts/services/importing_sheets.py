"""Rows of the first sheet of an Excel file, one after the other."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

MOST_WORDS = 64 * 1024 * 1024
"""Bytes of the table of words, the one part that is held in memory."""
MOST_UNPACKED = 2 * 1024 * 1024 * 1024
MOST_RATIO = 200
"""An honest sheet is packed to a tenth or so."""


class TooLarge(Exception):
    """Unpacked it is more than can be read."""


class NoSheet(Exception):
    """An archive of something else."""


class Broken(Exception):
    """The archive or the markup in it is damaged."""


def check(archive: ZipFile) -> None:
    """Look at what the archive says of itself: nothing is unpacked. Raises TooLarge, NoSheet."""
    members = archive.infolist()
    if not any(one.filename.startswith("xl/worksheets/") for one in members):
        raise NoSheet
    for one in members:
        # Python unpacks no more than the size that is written here.
        is_bomb = one.file_size > 32 * 1024 * 1024 and one.file_size > MOST_RATIO * max(one.compress_size, 1)
        is_words = one.filename.endswith("sharedStrings.xml") and one.file_size > MOST_WORDS
        if is_bomb or is_words:
            raise TooLarge(one.filename)
    if sum(one.file_size for one in members) > MOST_UNPACKED:
        raise TooLarge(f"{sum(one.file_size for one in members)}")


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, as text: dates in ISO 8601, whole numbers without a point. Raises Broken."""
    from openpyxl import load_workbook  # a quarter of a second, which other requests need not wait for

    try:
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            for number, values in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                cells = [_text(value) for value in values]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    yield number, cells
    except (BadZipFile, zlib.error, KeyError, ValueError, IndexError, SyntaxError, TypeError, EOFError) as error:
        raise Broken from error


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute or value.second) else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
