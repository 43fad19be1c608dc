"""Real databases and real processes: each test has a data directory of its own and an environment without surroundings."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plainsail.cli.postgres import Postgres


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that the database's user can reach; pytest's own folders are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="plainsail-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """The data directory of a server that was made, started and stopped; making one takes a second or two."""
    folder = Path(tempfile.mkdtemp(prefix="plainsail-test-"))
    folder.chmod(0o711)
    server = Postgres(folder)
    server.start()
    server.stop()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(made_once: Path) -> Iterator[Postgres]:
    """One that runs through all tests of a module, for those that only ask it, or clean up."""
    with tempfile.TemporaryDirectory(prefix="plainsail-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        subprocess.run(["cp", "-a", made_once / "postgres", folder], check=True)
        server = Postgres(folder)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres(data_dir: Path, made_once: Path) -> Iterator[Postgres]:
    """A real one with fsync, made but not started: a copy of one that was made before."""
    subprocess.run(["cp", "-a", made_once / "postgres", data_dir], check=True)
    server = Postgres(data_dir)
    yield server
    server.stop()


def without_ours() -> dict[str, str]:
    """The environment, without what the tests' own database and settings left in it."""
    ours = ("PLAINSAIL_", "DATABASE_", "SMTP_", "DJANGO_", "SECRET_", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture
def surroundings(data_dir: Path) -> dict[str, str]:
    """The environment of a process that knows nothing but its data directory."""
    return without_ours() | {"PLAINSAIL_DATA": str(data_dir)}
