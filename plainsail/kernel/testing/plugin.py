"""pytest plug-in: a real PostgreSQL for the run, a database per worker, tests that connect as the application's role.

Loaded with `-p` before anything reads the settings, because it decides where the database is.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plainsail.cli.postgres import Postgres

SECRET = "a-key-for-tests-that-signs-nothing-of-value-0123456789"  # noqa: S105 - made for tests


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
            "PLAINSAIL_OWNER": "1",
            "PLAINSAIL_URL": "http://localhost:8000",
            "DJANGO_SETTINGS_MODULE": "plainsail.settings",
        }
    )
    for name in ("SMTP_URL", "PLAINSAIL_DOMAIN", "PLAINSAIL_DEBUG", "PORT"):
        os.environ.pop(name, None)

    def stop() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return server


if "PYTEST_XDIST_WORKER" not in os.environ:
    SERVER: Postgres | None = _start()
else:
    SERVER = None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "two_processes: starts processes of its own")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Make and migrate the test database as the owner, then hand it to the tests as the application's role."""
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from plainsail.kernel import environment
    from plainsail.settings.database import database

    suffix = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = f"test_plainsail{'_' + suffix if suffix else ''}"
    settings = connection.settings_dict
    settings["TEST"]["NAME"] = name
    application = database(environment.current().database_url)
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            # Tests that commit clean up by TRUNCATE; nobody else has this right.
            cursor.execute(f'GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "{application["USER"]}"')
        connection.close()
        owner = {key: settings[key] for key in ("USER", "PASSWORD")}
        settings.update({key: application[key] for key in ("USER", "PASSWORD")})
    yield
    with django_db_blocker.unblock():
        connection.close()
        settings.update(owner)
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _no_workspace_left_open() -> Iterator[None]:
    """Each test starts and ends without a workspace."""
    from plainsail.kernel import tenancy

    token = tenancy._current.set(None)
    yield
    tenancy._current.reset(token)
