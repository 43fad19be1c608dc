"""A whole Plainsail with its demo operator, as `plainsail up` starts it, for journeys in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from plainsail.cli.tests.running import Plainsail

KEPT_OUT = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_EDGE_URL", "PLAINSAIL_OWNER", "PLAINSAIL_URL", "SECRET_KEY")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plainsail]:
    """A fresh installation with its demo, so that the operator sells plans. One for all journeys: each opens a business of its own."""
    surroundings = {name: value for name, value in os.environ.items() if name not in KEPT_OUT}
    surroundings["PLAINSAIL_DATA"] = str(tmp_path_factory.mktemp("installation"))
    running = Plainsail(surroundings)
    running.start(within=240, with_demo=True)
    yield running
    running.stop()
