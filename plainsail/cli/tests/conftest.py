"""Real databases and real processes: each test has a data directory of its own and an environment without surroundings."""

from __future__ import annotations

import os
import shutil
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


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[Postgres]:
    """A real one, with fsync, not started."""
    server = Postgres(data_dir)
    yield server
    server.stop()


@pytest.fixture
def surroundings(data_dir: Path) -> dict[str, str]:
    """The environment of a process that knows nothing of the tests' own database."""
    ours = ("PLAINSAIL_", "DATABASE_", "SMTP_", "DJANGO_", "SECRET_", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PLAINSAIL_DATA": str(data_dir)}
