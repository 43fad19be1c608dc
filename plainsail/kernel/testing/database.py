"""The test database: made and migrated by the owner, used by the application's role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Make and migrate the test database as the owner, then hand it to the tests as the application's role."""
    from django.db import connection
    from django.test.utils import setup_databases

    from plainsail.kernel import environment
    from plainsail.kernel.testing import emptying, migrated, rendered, roundtrips
    from plainsail.settings.database import database

    suffix = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = f"test_plainsail{'_' + suffix if suffix else ''}"
    settings = connection.settings_dict
    settings["TEST"]["NAME"] = name
    application = database(environment.current().database_url)
    folder = migrated.folder(request)
    file = migrated.kept_file(folder)
    with django_db_blocker.unblock():
        connection.close()
        is_there = migrated.read_back(name, file)
        if not is_there:
            with migrated.one_at_a_time(folder):
                is_there = migrated.read_back(name, file)
                if not is_there:
                    setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
                    connection.close()
                    migrated.keep(name, file)
        if is_there:
            settings["NAME"] = name
        with connection.cursor() as cursor:
            # The test database gets its cache table after the migration that gives rights on all tables.
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON django_cache TO "{application["USER"]}"')
        connection.close()
        roundtrips.install(settings["OPTIONS"])
        emptying.install()
        rendered.install()
        settings.update({key: application[key] for key in ("USER", "PASSWORD")})
    yield
    # The server and all its databases are thrown away with the run.
    with django_db_blocker.unblock():
        emptying.close()
        connection.close()
