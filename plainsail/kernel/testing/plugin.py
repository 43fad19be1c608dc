"""pytest plug-in: a real PostgreSQL for the run, a database per worker, tests that connect as the application's role.

Loaded with `-p` before anything reads the settings, because it decides where the database is.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

# How long an example takes says more of what else the machine does than of what is tested.
hypothesis.settings.register_profile("plainsail", deadline=None)
hypothesis.settings.load_profile("plainsail")

if TYPE_CHECKING:
    from plainsail.cli.postgres import Postgres

BYTECODE = Path(__file__).resolve().parents[3] / ".pytest_cache" / "bytecode"
SECRET = "a-key-for-tests-that-signs-nothing-of-value-0123456789"  # noqa: S105 - made for tests


def _keep_bytecode() -> None:
    """Where Python was told to keep nothing that it compiles, keep it with the run's other caches.

    Every worker, and every Plainsail that a test starts, would compile all of it anew: half of what starting costs.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)


def _start() -> Postgres:
    """Start the run's database and point the environment at it. Workers of the run inherit both."""
    from plainsail.cli.postgres import Postgres

    folder = Path(tempfile.mkdtemp(prefix="plainsail-test-"))
    server = Postgres.throwaway(folder)
    server.start()
    os.environ.update(
        {
            "PLAINSAIL_DATA": str(folder),
            "PLAINSAIL_TEST_DATA": str(folder),
            "SECRET_KEY": SECRET,
            "DATABASE_URL": server.dsn("app"),
            "DATABASE_OWNER_URL": server.dsn("owner"),
            "DATABASE_EDGE_URL": server.dsn("edge"),
            "PLAINSAIL_TEST_SUPERUSER": server.dsn("superuser"),
            "PLAINSAIL_OWNER": "1",
            "SENDING_CHECKS": "off",
            "PLAINSAIL_URL": "http://localhost:8000",
            "DJANGO_SETTINGS_MODULE": "plainsail.settings",
        }
    )
    for name in ("SMTP_URL", "PLAINSAIL_DOMAIN", "PLAINSAIL_DEBUG", "PORT", "BOUNCE_DOMAIN", "BOUNCE_IMAP_URL"):
        os.environ.pop(name, None)

    def stop() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return server


if "PYTEST_XDIST_WORKER" not in os.environ:
    _keep_bytecode()
    SERVER: Postgres | None = _start()
else:
    SERVER = None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "two_processes: starts processes of its own")
    config.addinivalue_line("markers", "long: takes a minute or so, and is begun first")


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    from plainsail.kernel.testing import sharing

    return sharing.workers()


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    from plainsail.kernel.testing import sharing

    return sharing.Sharing(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: whoever began it last would keep all others waiting.

    A test in a browser gets a second try, and the summary says so (docs/decisions/0027).
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking for rubbish in it again and again is a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Function) -> Generator[None, object, object]:
    """Hide Playwright's event loop from tests without a browser, from set-up to teardown.

    It stays marked as running in this thread once a browser was started. Django keeps a connection of its own for code
    that runs in a loop: hidden halfway, a test would write outside the transaction that was opened for it.
    """
    left = asyncio._get_running_loop()
    if left is None or "browser" in item.fixturenames:
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(left)


def pytest_unconfigure() -> None:
    """Close the browser, if any test had one."""
    from plainsail.kernel.testing.browser import RUNNING

    RUNNING.close()


@pytest.fixture(autouse=True)
def _no_workspace_left_open() -> Iterator[None]:
    """Each test starts and ends without a workspace."""
    from plainsail.kernel import tenancy

    token = tenancy._current.set(None)
    yield
    tenancy._current.reset(token)
