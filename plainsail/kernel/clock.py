"""The only reader of the wall clock. Views, jobs and commands ask it; below them time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_fixed: ContextVar[datetime | None] = ContextVar("fixed_clock", default=None)


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def today(zone: str) -> date:
    """The calendar day it is now in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def ticking(at: datetime) -> Callable[[], datetime]:
    """A clock that begins at a moment and ticks on with the wall's (and stands where that is fixed): for work of minutes."""
    began = now()
    return lambda: at + (now() - began)


@contextmanager
def fixed(at: datetime) -> Iterator[None]:
    """Stop the clock at a moment, for tests and for a seller's sandbox clock."""
    if at.tzinfo is None:
        raise ValueError("A moment needs its time zone.")
    token = _fixed.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
