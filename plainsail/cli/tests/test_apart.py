"""Web and worker don't serve where one business could see another's rows."""

from __future__ import annotations

import os
import subprocess

import psycopg
import pytest
from django.db import connection

from plainsail.cli import apart
from plainsail.cli.errors import Refused
from plainsail.cli.tests.running import COMMAND
from plainsail.kernel import environment


def url_of(role: str) -> str:
    here = environment.current()
    given = {"app": here.database_url, "owner": here.owner_database_url}[role]
    return psycopg.conninfo.make_conninfo(given, dbname=connection.settings_dict["NAME"])


def test_the_role_that_serves_is_fine(db):
    apart.require(url_of("app"))


def test_the_owner_is_refused_with_the_tables_and_the_way_out(db):
    with pytest.raises(Refused, match="row-level security is not active") as refused:
        apart.require(url_of("owner"))
    assert "and" in str(refused.value)
    assert "DATABASE_URL" in str(refused.value)


def test_a_database_that_is_away_is_not_judged(tmp_path):
    apart.require(f"postgresql:///plainsail?host={tmp_path}")


@pytest.mark.parametrize("command", ["web", "worker"])
def test_commands_end_in_plain_words(transactional_db, tmp_path, command):
    surroundings = os.environ | {"DATABASE_URL": url_of("owner"), "PLAINSAIL_DATA": str(tmp_path)}
    ended = subprocess.run(
        [*COMMAND, command], check=False, env=surroundings, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database doesn’t keep businesses apart: ")
    assert "Traceback" not in ended.stderr
