"""The edge knows a few tables of other areas by name; they must be as it thinks they are."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from plainsail.edge import hosts, snapshots
from plainsail.kernel.landing import COLUMNS

EXPECTED = {
    "accounts_host": {
        "host": ("character varying", "NO"),
        "kind": ("character varying", "NO"),
        "workspace_id": ("uuid", "YES"),
        "is_live": ("boolean", "NO"),
        "is_closed": ("boolean", "NO"),
        "leads_to": ("character varying", "NO"),
    },
    "pages_publishedsnapshot": {
        "workspace_id": ("uuid", "NO"),
        "page_id": ("uuid", "NO"),
        "path": ("character varying", "NO"),
        "etag": ("character varying", "NO"),
        "content_type": ("character varying", "NO"),
        "body": ("bytea", "NO"),
        "body_gzip": ("bytea", "NO"),
        "body_br": ("bytea", "NO"),
        "headers": ("jsonb", "NO"),
        "forms": ("jsonb", "NO"),
        "split": ("jsonb", "NO"),
    },
    "tracking_landing": {
        "id": ("uuid", "NO"),
        "workspace_id": ("uuid", "NO"),
        "kind": ("character varying", "NO"),
        "at": ("timestamp with time zone", "NO"),
        "visitor_id": ("uuid", "YES"),
        "contact_id": ("uuid", "YES"),
        "delivery_id": ("uuid", "YES"),
        "page_id": ("uuid", "YES"),
        "host": ("character varying", "NO"),
        "path": ("character varying", "NO"),
        "url": ("character varying", "NO"),
        "referrer": ("character varying", "NO"),
        "ip": ("inet", "YES"),
        "user_agent": ("character varying", "NO"),
        "payload": ("jsonb", "NO"),
    },
    "tracking_viewbundle": {"id": ("uuid", "NO"), "lines": ("character varying", "NO")},
}


@pytest.mark.django_db
@pytest.mark.parametrize("table", EXPECTED)
def test_the_tables_are_as_the_edge_thinks(table: str):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type, is_nullable, column_default IS NOT NULL"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s",
            [table],
        )
        found = {name: (kind.replace("text", "character varying"), nullable) for name, kind, nullable, _ in cursor}
    assert {name: found.get(name) for name in EXPECTED[table]} == EXPECTED[table]


@pytest.mark.django_db
def test_a_landing_row_needs_nothing_but_what_the_edge_writes():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name = 'tracking_landing' AND is_nullable = 'NO' AND column_default IS NULL"
        )
        assert {name for (name,) in cursor} <= set(COLUMNS)


@pytest.mark.django_db
@pytest.mark.parametrize("table", EXPECTED)
def test_the_edge_may_do_what_it_must_and_nothing_else(table: str):
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(['has_table_privilege(%s, %s, %s)'] * len(rights))}",
            [value for right in rights for value in ("ps_edge", table, right)],
        )
        granted = {right for right, is_granted in zip(rights, cursor.fetchone(), strict=True) if is_granted}
    assert granted == {settings.EDGE_GRANTS[table]}


@pytest.mark.django_db
def test_a_published_page_is_found_without_reading_others():
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plainsail.workspace', %s, true)", ["00000000-0000-0000-0000-000000000001"])
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in (*snapshots.QUERIES.values(), snapshots.FIND_FORMS):
            cursor.execute(f"EXPLAIN {query}", ["00000000-0000-0000-0000-000000000001", "/"])
            assert "Index" in str(cursor.fetchall())
        cursor.execute(f"EXPLAIN {hosts.FIND_HOST}", ["a.example"])
        assert "Index" in str(cursor.fetchall())


def test_the_edge_never_meets_django():
    code = "import sys, plainsail.edge.server; print([n for n in sys.modules if n.split('.')[0] in {'django', 'procrastinate'}])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
