"""What tests share that kill processes: a PostgreSQL of their own, which keeps what it committed, and the killing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest
from django.db import connection

from plainsail.cli import binaries, servers
from plainsail.cli.postgres import Postgres
from plainsail.settings.database import database


class Mortal(Protocol):
    """A process that can be killed."""

    def kill(self) -> None: ...

    def communicate(self, *, timeout: float) -> object: ...


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the tables of the test's database, and Django's connection on it."""
    source = f"{os.environ['PLAINSAIL_TEST_SUPERUSER']}".replace("/plainsail?", f"/{connection.settings_dict['NAME']}?")
    server = Postgres(tmp_path_factory.mktemp("server"))
    server.start()
    dump = [str(binaries.program("pg_dump")), "--schema-only", "--no-password"]
    load = [str(binaries.program("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=0"]
    tables = subprocess.run(
        dump, env=os.environ | servers.client_environment(source), capture_output=True, check=True
    ).stdout
    subprocess.run(
        load,
        input=tables,
        env=os.environ | servers.client_environment(server.dsn("superuser")),
        capture_output=True,
        check=True,
    )
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        {
            key: value
            for key, value in database(server.dsn("app")).items()
            if key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        }
    )
    yield server
    connection.close()
    connection.settings_dict.update(kept)
    server.stop()


def kill(victim: str, senders: Sequence[Mortal], server: Postgres) -> None:
    """Kill the senders, the database or both, and have the database come back."""
    if victim in ("database", "both"):
        assert server.process is not None
        server.process.kill()
    if victim in ("senders", "both"):
        for one in senders:
            one.kill()
    for one in senders:
        one.communicate(timeout=60)
    if victim in ("database", "both"):
        server.stop()
        server.start()
        connection.close()
