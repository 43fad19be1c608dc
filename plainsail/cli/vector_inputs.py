"""The inputs of an example, read one by one with their types; what was not read is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, Period

MISSING: Any = object()


class Garbled(Exception):
    """Something that isn't there or isn't what it should be, in plain words."""


class Given:
    """The fields of an example's input. Reading one that isn't there without a default raises Garbled."""

    def __init__(self, fields: Any) -> None:
        if not isinstance(fields, dict):
            raise Garbled("the input is no object.")
        self._fields: dict[str, Any] = fields
        self._read: set[str] = set()

    @property
    def unread(self) -> list[str]:
        return sorted(set(self._fields) - self._read)

    def has(self, name: str) -> bool:
        return name in self._fields

    def value(self, name: str, default: Any = MISSING) -> Any:
        self._read.add(name)
        found = self._fields.get(name, default)
        if found is MISSING:
            raise Garbled(f"“{name}” is missing.")
        return found

    def text(self, name: str, default: Any = MISSING) -> str:
        found = self.value(name, default)
        if not isinstance(found, str):
            raise Garbled(f"“{name}” is no text: {found!r}.")
        return found

    def whole(self, name: str, default: Any = MISSING) -> int:
        found = self.value(name, default)
        if not isinstance(found, int) or isinstance(found, bool):
            raise Garbled(f"“{name}” is no whole number: {found!r}.")
        return found

    def count(self, name: str, default: Any = MISSING) -> int:
        found = self.whole(name, default)
        if found < 0:
            raise Garbled(f"“{name}” is below zero.")
        return found

    def number(self, name: str) -> Decimal:
        return number(self.value(name), name)

    def money(self, name: str) -> Money:
        return money(self.value(name), self.currency, name)

    def moneys(self, name: str) -> list[Money]:
        return [money(one, self.currency, name) for one in self.list(name)]

    @property
    def currency(self) -> str:
        """Whose decimals the amounts have: two where nothing else is said."""
        return self.text("currency", "EUR")

    def day(self, name: str) -> date:
        return day(self.value(name), name)

    def moment(self, name: str) -> datetime:
        found = moment(self.value(name), name)
        if found.tzinfo is None:
            raise Garbled(f"“{name}” has no time zone.")
        return found

    def local(self, name: str) -> datetime:
        """A moment on the wall, without zone."""
        found = moment(self.value(name), name)
        if found.tzinfo is not None:
            raise Garbled(f"“{name}” is a local time, so it has no zone of its own.")
        return found

    def zone(self, name: str = "tz", default: Any = MISSING) -> str:
        found = self.text(name, default)
        try:
            ZoneInfo(found)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Garbled(f"“{name}” is no time zone: {found!r}.") from error
        return found

    def interval(self) -> Interval:
        return Interval(self.text("unit", "month"), self.whole("count", 1))  # type: ignore[arg-type]  # checked by Interval

    def period(self) -> Period:
        return Period(self.day("period_from"), self.day("period_to"))

    def list(self, name: str) -> Sequence[Any]:
        found = self.value(name)
        if not isinstance(found, list):
            raise Garbled(f"“{name}” is no list.")
        return found

    def each(self, name: str) -> Sequence[Given]:
        return [Given(one) for one in self.list(name)]

    def table(self, name: str) -> dict[str, Any]:
        found = self.value(name)
        if not isinstance(found, dict):
            raise Garbled(f"“{name}” is no object.")
        return found


def money(value: Any, currency: str, name: str = "amount") -> Money:
    """An amount as text or as a number. Digits that the currency lacks are refused by Money."""
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise Garbled(f"“{name}” is no amount: {value!r}.")
    return Money.parse(str(value), currency)


def number(value: Any, name: str) -> Decimal:
    try:
        found = Decimal(value if isinstance(value, str | int | Decimal) else "?")
    except InvalidOperation as error:
        raise Garbled(f"“{name}” is no number: {value!r}.") from error
    if not found.is_finite():
        raise Garbled(f"“{name}” is no number: {value!r}.")
    return found


def day(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Garbled(f"“{name}” is no day such as 2026-01-31: {value!r}.") from error


def moment(value: Any, name: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Garbled(f"“{name}” is no moment such as 2026-01-31T12:00:00Z: {value!r}.") from error
