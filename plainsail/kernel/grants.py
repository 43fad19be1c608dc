"""What the application's role and the edge's role may do; given anew after each migration, by the owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from plainsail.kernel import environment


def grant() -> None:
    """Let the application read and write rows (never the schema), and the edge only what it needs. Idempotent."""
    here = environment.current()
    owner = _role(here.owner_database_url)
    application, edge = _role(here.database_url), _role(here.edge_database_url)
    if application != owner:
        _execute(
            f'GRANT USAGE ON SCHEMA public TO "{application}"',
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{application}"',
            f'GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO "{application}"',
            f'REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM "{application}"',
            *(f'REVOKE ALL ON "{child}" FROM "{application}"' for child in _partitions()),
        )
    if edge not in {owner, application}:
        tables = set(connection.introspection.table_names())
        _execute(
            f'GRANT USAGE ON SCHEMA public TO "{edge}"',
            *(
                f'GRANT {right} ON "{name}" TO "{edge}"'
                for name, right in settings.EDGE_GRANTS.items()
                if name in tables
            ),
        )


@contextmanager
def seeing_every_row() -> Iterator[None]:
    """Let the owner see all rows while it migrates; afterwards, whatever came, force the policies on it if it serves.

    Where one role both owns and serves (one-role mode), FORCE is what keeps businesses apart. Under it, keys could not
    be checked against the rows that are there, and no migration of rows would find one.
    """
    here = environment.current()
    _alter_owners_sight("NO FORCE")
    try:
        yield
    finally:
        if _role(here.database_url) == _role(here.owner_database_url):
            _alter_owners_sight("FORCE")


def _alter_owners_sight(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_policies p ON p.schemaname = n.nspname AND p.tablename = c.relname "
            "WHERE n.nspname = 'public' AND p.policyname = 'workspace_isolation' AND c.relforcerowsecurity <> %s",
            [how == "FORCE"],
        )
        tables = [name for (name,) in cursor.fetchall()]
    _execute(*(f'ALTER TABLE "{table}" {how} ROW LEVEL SECURITY' for table in tables))


def _partitions() -> list[str]:
    """A policy covers access through the parent only, so nobody gets at a partition directly."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relispartition AND c.relkind = 'r' AND n.nspname = 'public'"
        )
        return [name for (name,) in cursor.fetchall()]


def _role(url: str) -> str:
    return str(conninfo_to_dict(url).get("user") or "")


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
