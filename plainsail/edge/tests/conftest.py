from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from plainsail.edge.tests.factories import EdgeDatabase, Served, edge_process, free_port, web_process

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def database() -> Iterator[EdgeDatabase]:
    made = EdgeDatabase(os.environ["DATABASE_OWNER_URL"], os.environ["DATABASE_EDGE_URL"], f"edge_{WORKER}")
    made.create()
    yield made
    made.drop()


@pytest.fixture(scope="session")
def web_socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ps-web-") as folder:
        yield Path(folder) / "web.sock"


@pytest.fixture(scope="session")
def web(web_socket: Path) -> Iterator[Served]:
    served = web_process(web_socket)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def edge(database: EdgeDatabase, web: Served, web_socket: Path) -> Iterator[Served]:
    """One edge worker with a stand-in for web behind it."""
    served = edge_process(database, web_socket, port=free_port())
    served.start()
    served.wait()
    yield served
    served.stop()


@pytest.fixture
def workspace_id() -> UUID:
    return uuid4()


@pytest.fixture
def site(database: EdgeDatabase, workspace_id: UUID) -> str:
    """Host of a workspace of this test's own."""
    host = f"site-{workspace_id.hex[:12]}.localhost"
    database.add_host(host, workspace_id)
    return host
