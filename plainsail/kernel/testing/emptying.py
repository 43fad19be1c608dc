"""What committed tests leave behind, taken away again.

Django would cut off every table, and make its kinds of content and permissions anew: thousands of files for a handful
of rows. Here rows are deleted, past isolation, keys and guards, by the only role that may.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import psycopg

KEPT = {"django_content_type", "auth_permission"}
"""As migrating made them; no test writes there."""
UNMANAGED = ("procrastinate_events", "procrastinate_jobs", "procrastinate_workers", "procrastinate_periodic_defers")
PARTITIONED = ("tracking_hit",)


def install() -> None:
    """Have Django's tests that commit end so."""
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = lambda _case: empty()  # type: ignore[method-assign]


def empty() -> None:
    """Delete every row of the test database, but for what migrating made."""
    from django.db import connection

    _superuser(connection.settings_dict["NAME"]).execute(_statements())


def close() -> None:
    """Let go of the connection that was kept for it, if there is one."""
    from django.db import connection

    if _superuser.cache_info().currsize:
        _superuser(connection.settings_dict["NAME"]).close()


@cache
def _superuser(name: str) -> psycopg.Connection[Any]:
    settings = "-c session_replication_role=replica"  # no triggers, those of foreign keys among them
    return psycopg.connect(os.environ["PLAINSAIL_TEST_SUPERUSER"], dbname=name, options=settings, autocommit=True)


@cache
def _statements() -> bytes:
    from django.db import connection

    managed = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [*sorted(set(managed) - KEPT), *UNMANAGED, *PARTITIONED]
    return "; ".join(f'DELETE FROM "{table}"' for table in tables).encode()
