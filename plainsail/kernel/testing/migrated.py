"""A migrated test database, kept between runs: as long as no migration and no model has changed, it is read back.

Migrating takes most of the time that a single test file takes. The first run after a change migrates and keeps what
came of it; a clean checkout has nothing kept, so that whoever runs everything there runs every migration.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from plainsail.cli import binaries, servers
from plainsail.cli.binaries import PostgresError

PACKAGE = Path(__file__).parents[2]
READ = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "kernel/*.py", "cli/roles.py", "settings/*.py")
"""What a migrated database comes of."""


def folder(request: pytest.FixtureRequest) -> Path:
    """Where it is kept; for a run without a cache somewhere that goes with the run."""
    cache = getattr(request.config, "cache", None)
    made: Path = cache.mkdir("migrated") if cache else request.getfixturevalue("tmp_path_factory").mktemp("migrated")
    return made


def kept_file(folder: Path) -> Path:
    """Where today's database of this code is kept, or would be. Partitions are named by days, so a day is as long as it lasts."""
    seen = hashlib.sha256(f"{date.today()} {psycopg.__version__}".encode())  # noqa: DTZ011  # any day that changes will do
    for path in sorted(path for pattern in READ for path in PACKAGE.glob(pattern)):
        seen.update(str(path.relative_to(PACKAGE)).encode() + path.read_bytes())
    lock = PACKAGE.parent / "requirements" / "run.txt"
    seen.update(lock.read_bytes() if lock.exists() else b"")
    return folder / f"{seen.hexdigest()[:32]}.sql"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Of several workers that find nothing kept, one migrates while the others wait for what it keeps."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_back(name: str, file: Path) -> bool:
    """Make the database as it was kept; False if nothing usable is there."""
    if not file.exists():
        return False
    _drop(name)
    with _superuser() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER ps_owner").format(sql.Identifier(name)))
    try:
        _run(
            "psql", ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", f"--file={file}"], name
        )
    except PostgresError:
        file.unlink(missing_ok=True)
        _drop(name)
        return False
    return True


def keep(name: str, file: Path) -> None:
    """Keep a database that was just migrated, in place of what was kept before."""
    draft = file.with_suffix(f".{os.getpid()}")
    _run("pg_dump", ["--format=plain", f"--file={draft}"], name)
    for old in file.parent.glob("*.sql"):
        old.unlink(missing_ok=True)
    draft.replace(file)


def _superuser() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ["PLAINSAIL_TEST_SUPERUSER"], dbname="postgres", autocommit=True)


def _drop(name: str) -> None:
    with _superuser() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _run(program: str, arguments: list[str], name: str) -> None:
    environment = servers.client_environment(os.environ["PLAINSAIL_TEST_SUPERUSER"]) | {"PGDATABASE": name}
    servers.run([str(binaries.program(program)), *arguments], user=None, extra=environment)
