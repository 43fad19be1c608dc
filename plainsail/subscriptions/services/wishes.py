"""A day that somebody wrote, read: `31.12.2026`, `2026-12-31`, `31 December`. Pure; names of months in the active language too.

What could be two days (03/04/2027) is none: guessing would end a contract on the wrong one.
"""

from __future__ import annotations

import re
from datetime import date

from django.utils.dates import MONTHS
from django.utils.translation import override

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})?")
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:\.|st|nd|rd|th|er)?\s+)?([^\W\d]+)\.?(?:\s+(\d{1,2})(?:st|nd|rd|th)?)?,?(?:\s+(\d{4}))?"
)


def read(text: str, *, today: date) -> date | None:
    """The day that a text names and nothing else; one without a year is the next such day. None where it names none."""
    words = " ".join(text.strip().lower().replace(" de ", " ").split())
    if found := _ISO.fullmatch(words):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.fullmatch(words):
        return _of(found[3], int(found[2]), int(found[1]), today=today)
    if found := _SLASHED.fullmatch(words):
        first, second = int(found[1]), int(found[2])
        days = {_day(int(found[3]), second, first), _day(int(found[3]), first, second)} - {None}
        return days.pop() if len(days) == 1 else None
    if (found := _NAMED.fullmatch(words)) and (month := _month(found[2])) and bool(found[1]) != bool(found[3]):
        return _of(found[4], month, int(found[1] or found[3]), today=today)
    return None


def _of(year: str | None, month: int, day: int, *, today: date) -> date | None:
    if year:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
    candidates = (_day(today.year + ahead, month, day) for ahead in range(5))
    return next((one for one in candidates if one is not None and one >= today), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(word: str) -> int | None:
    """A month by its name, or by three letters and more of it, in the active language or in English."""
    names = [(number, str(name).lower()) for number, name in MONTHS.items()]
    with override("en"):
        names += [(number, str(name).lower()) for number, name in MONTHS.items()]
    found = {number for number, name in names if len(word) >= 3 and name.startswith(word)}
    return found.pop() if len(found) == 1 else None
