"""The question that a process asks before it serves: is every business's table closed to a forgotten filter?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from plainsail.kernel.tenancy import SHARED_TABLES

HOLES = """
WITH owned AS (
    SELECT c.oid, c.relname, c.relispartition, c.relowner
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
)
SELECT relname, 'row-level security is not active' FROM owned
WHERE NOT relispartition AND NOT row_security_active(oid) AND relname <> ALL(%(shared)s)
UNION ALL
SELECT relname, 'a partition can be read around its parent' FROM owned
WHERE relispartition AND has_table_privilege(oid, 'SELECT') AND NOT row_security_active(oid)
  AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT tablename, 'its policy is not the one policy' FROM pg_policies
WHERE schemaname = 'public' AND (qual, with_check) IS DISTINCT FROM (%(policy)s, %(policy)s)
ORDER BY 1, 2
"""
"""`row_security_active` answers for the role that asks: a superuser, BYPASSRLS, an owner without FORCE, and a table that
was left open all give false."""

AS_STORED = "(workspace_id = ( SELECT (current_setting('plainsail.workspace'::text))::uuid AS current_setting))"
"""The policy of `operations.POLICY`, as PostgreSQL writes it back."""


class Cursor(Protocol):
    """What both Django's and psycopg's cursors can do."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True)
class Hole:
    """A table through which one business could see another's rows, and why."""

    table: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}: {self.reason}"


def holes(cursor: Cursor) -> list[Hole]:
    """Every table that the connected role could read past a forgotten filter. One query of the catalogue."""
    cursor.execute(HOLES, {"shared": sorted(SHARED_TABLES), "policy": AS_STORED})
    return [Hole(table, reason) for table, reason in cursor.fetchall()]
