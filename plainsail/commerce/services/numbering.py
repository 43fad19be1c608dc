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


def take(series: str, *, mode: str, at: datetime) -> str:
    """The next number of a series, such as `INV-00001` (`TEST-INV-00001` in test mode).

    Holds the series' row until the transaction ends, so a number goes back if the document doesn't come about: no gap.
    """
    prefix = ("TEST-" if mode == Mode.TEST else "") + PREFIXES[series]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO commerce_numberseries (id, created_at, workspace_id, series, mode, prefix, next_number) "
            "VALUES (%s, %s, %s, %s, %s, %s, 2) ON CONFLICT (workspace_id, series, mode) "
            "DO UPDATE SET next_number = commerce_numberseries.next_number + 1 RETURNING prefix, next_number - 1",
            [new_id(), at, current_workspace_id(), series, mode, prefix],
        )
        kept, number = cursor.fetchone()
    return f"{kept}{number:0{DIGITS}d}"
