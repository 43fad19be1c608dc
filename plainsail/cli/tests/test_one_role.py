"""One role that owns the tables and serves (one-role mode), on a PostgreSQL of one's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from plainsail.cli.postgres import Postgres
from plainsail.cli.tests.running import COMMAND
from plainsail.kernel import isolation

pytestmark = pytest.mark.long


def plainsail(surroundings, *arguments):
    return subprocess.run([*COMMAND, *arguments], env=surroundings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def one_role(running: Postgres, tmp_path_factory):
    """Surroundings with one database URL, whose role has just migrated."""
    from plainsail.cli.tests.conftest import without_ours

    with psycopg.connect(running.dsn("superuser", "postgres"), autocommit=True) as server:
        server.execute("CREATE ROLE ps_one LOGIN PASSWORD 'one'")
        server.execute("CREATE DATABASE one OWNER ps_one TEMPLATE template0")
    url = f"postgresql://ps_one:one@/one?host={str(running.sockets).replace('/', '%2F')}"
    folder: Path = tmp_path_factory.mktemp("one")
    surroundings = without_ours() | {"PLAINSAIL_DATA": str(folder), "DATABASE_URL": url}
    migrated = plainsail(surroundings, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    return surroundings


def test_businesses_are_kept_apart_from_each_other_before_the_owner_too(one_role):
    with psycopg.connect(one_role["DATABASE_URL"]) as owner:
        assert isolation.holes(owner.cursor()) == []
        with pytest.raises(psycopg.errors.UndefinedObject, match=r"plainsail\.workspace"):
            owner.execute("SELECT count(*) FROM contacts_contact")


def test_a_migration_that_fails_leaves_the_policies_forced(one_role):
    with psycopg.connect(one_role["DATABASE_URL"], autocommit=True) as owner:
        # As if it were still to come: it makes tables that are there.
        forgotten = owner.execute("DELETE FROM django_migrations WHERE app = 'hosting' RETURNING name").fetchall()
        failed = plainsail(one_role, "migrate")
        assert (failed.returncode, "already exists" in failed.stderr) == (1, True)
        assert isolation.holes(owner.cursor()) == []
        for (name,) in forgotten:
            owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('hosting', %s, now())", [name])
    assert plainsail(one_role, "migrate").returncode == 0


def test_a_database_that_newer_code_has_migrated_is_refused_by_older_code(one_role):
    with psycopg.connect(one_role["DATABASE_URL"], autocommit=True) as owner:
        owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('hosting', '9999_later', now())")
        refused = plainsail(one_role, "migrate")
        owner.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The database was used by a newer Plainsail (hosting/9999_later).")


def test_a_backup_that_would_miss_rows_is_refused_in_plain_words(one_role, tmp_path):
    saved = plainsail(one_role, "backup", str(tmp_path / "saved.tar"))
    assert (saved.returncode, list(tmp_path.iterdir())) == (1, [])
    assert saved.stderr.startswith("Error: The role ps_one sees one business at a time, so it can't save them all.")


def test_with_a_second_role_as_owner_a_backup_sees_every_row(one_role, running, tmp_path):
    with psycopg.connect(running.dsn("superuser", "one"), autocommit=True) as server:
        server.execute("CREATE ROLE ps_two LOGIN PASSWORD 'two'; GRANT ALL ON SCHEMA public TO ps_one")
    two_roles = one_role | {
        "DATABASE_OWNER_URL": one_role["DATABASE_URL"],
        "DATABASE_URL": one_role["DATABASE_URL"].replace("ps_one:one", "ps_two:two"),
    }
    assert plainsail(two_roles, "migrate").returncode == 0
    refused = plainsail(one_role | {"DATABASE_URL": two_roles["DATABASE_URL"]}, "migrate")
    assert refused.stderr.startswith("Error: The tables belong to ps_one, and this is ps_two. Set DATABASE_OWNER_URL")
    saved = plainsail(two_roles, "backup", str(tmp_path / "saved.tar"))
    assert saved.returncode == 0, saved.stderr
    assert plainsail(one_role, "migrate").returncode == 0
