"""Writing many rows of a tenant's table, each with values of its own, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from plainsail.kernel.tenancy import current_workspace_id


def update_each(rows: Sequence[models.Model], *, fields: Sequence[str]) -> int:
    """Write some fields of rows of one model as they stand on the instances; returns how many rows there were to write.

    One UPDATE, whose text doesn't grow with the rows (a CASE with a branch for each row costs their square).
    """
    if not rows:
        return 0
    meta = type(rows[0])._meta
    columns: list[models.Field[Any, Any]] = [meta.get_field(name) for name in fields]  # type: ignore[misc]  # columns
    assert meta.pk is not None
    quote = connection.ops.quote_name
    arrays = ", ".join(f"%s::{_type(column)}[]" for column in (meta.pk, *columns))
    names = ", ".join(quote(str(column.column)) for column in columns)
    sets = ", ".join(f"{quote(str(column.column))} = new.{quote(str(column.column))}" for column in columns)
    values = [
        [column.get_db_prep_save(getattr(row, column.attname), connection) for row in rows]
        for column in (meta.pk, *columns)
    ]
    table = quote(meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS new (key, {names}) "
            f"WHERE {table}.workspace_id = %s AND {table}.id = new.key",
            [*values, current_workspace_id()],
        )
        return int(cursor.rowcount)


def _type(column: models.Field[Any, Any]) -> str:
    return str(column.rel_db_type(connection) if column.is_relation else column.db_type(connection))
