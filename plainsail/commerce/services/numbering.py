"""Numbers of documents: ascending, without gaps, each once."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from plainsail.commerce.models import Mode, NumberSeries
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id

PREFIXES: dict[str, str] = {
    NumberSeries.Series.INVOICE: "INV-",
    NumberSeries.Series.CREDIT_NOTE: "CN-",
    NumberSeries.Series.ORDER: "ORD-",
}
DIGITS = 5


def take(series: str, *, mode: str, at: datetime) -> tuple[str, datetime]:
    """The next number of a series, such as `INV-00001` (`TEST-INV-00001` in test mode), and the moment that it may bear.

    That is `at`, or the moment of the number before where that is later: what is heard late is dated late, so that the
    moments of a series ascend as its numbers do. Holds the series' row until the transaction ends, so a number goes back
    if the document doesn't come about: no gap.
    """
    (number,), moment = take_many(series, 1, mode=mode, at=at)
    return number, moment


def take_many(series: str, count: int, *, mode: str, at: datetime) -> tuple[list[str], datetime]:
    """The next numbers (one at least) of a series, ascending, and the one moment that they may bear. One statement."""
    prefix = ("TEST-" if mode == Mode.TEST else "") + PREFIXES[series]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO commerce_numberseries (id, created_at, workspace_id, series, mode, prefix, next_number, last_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (workspace_id, series, mode) "
            "DO UPDATE SET next_number = commerce_numberseries.next_number + EXCLUDED.next_number - 1, "
            "last_at = greatest(commerce_numberseries.last_at, EXCLUDED.last_at) "
            "RETURNING prefix, next_number, last_at",
            [new_id(), at, current_workspace_id(), series, mode, prefix, count + 1, at],
        )
        kept, following, moment = cursor.fetchone()
    return [f"{kept}{number:0{DIGITS}d}" for number in range(following - count, following)], moment
