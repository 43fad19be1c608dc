"""Days as people and programs write them.

Whether the day or the month comes first in 03/04/2026 no cell says; the column does, as soon as one of its cells can be read
in one way only. Where none can, it is asked for and not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from django.utils.translation import gettext as _

Order = Literal["", "day", "month"]
"""What comes first in a column; nothing where that can't be told."""

DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T].*)?", re.ASCII)
PARTED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ T].*)?", re.ASCII)
YEAR_FIRST = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T].*)?", re.ASCII)


class Unclear(Exception):
    """It may be one of two days; the message says so."""


def order_of(cells: Iterable[str]) -> Order:
    """What comes first in the cells of a column."""
    is_day_first = is_month_first = False
    for cell in cells:
        if found := PARTED.fullmatch(cell.strip()):
            is_day_first |= int(found[1]) > 12
            is_month_first |= int(found[2]) > 12
    if is_day_first == is_month_first:
        return ""
    return "day" if is_day_first else "month"


def read(cell: str, *, order: Order) -> str:
    """A day in ISO 8601; what is none stays as it is. Raises Unclear."""
    if found := DOTTED.fullmatch(cell):
        return _iso(found[3], found[2], found[1]) or cell
    if found := PARTED.fullmatch(cell):
        return _parted(found[1], found[2], found[3], order) or cell
    if found := YEAR_FIRST.fullmatch(cell):
        return _iso(found[1], found[2], found[3]) or cell
    try:
        return datetime.fromisoformat(cell).date().isoformat()
    except ValueError:
        return cell


def _parted(first: str, second: str, year: str, order: Order) -> str:
    as_day, as_month = _iso(year, second, first), _iso(year, first, second)
    if order == "day" or not as_month:
        return as_day
    if order == "month" or not as_day or as_day == as_month:
        return as_month
    raise Unclear(_("Does the day or the month come first? Write it as 2026-03-09."))


def _iso(year: str, month: str, day: str) -> str:
    """Empty where there is no such day."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""
