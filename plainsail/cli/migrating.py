"""`plainsail migrate`: tables, rights and static files, in a process that connects as the owner."""

import os
import sys

import django
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader

from plainsail.cli.errors import Refused
from plainsail.cli.preparation import COLLECT

OURS = "plainsail."


class CannotMigrate(Refused):
    """The database is away, or ahead of this code; the message says which, and how to mend it."""


def migrate() -> None:
    """Bring tables, rights and static files up to this code. Raises CannotMigrate before anything is changed."""
    os.environ["PLAINSAIL_OWNER"] = "1"
    django.setup()
    from plainsail.accounts.services import hosts

    refuse_newer()
    refuse_others()
    # First, since migrating ends with giving the other roles their rights on all tables.
    call_command("createcachetable", verbosity=0)
    call_command("migrate", interactive=False, verbosity=1 if sys.stdout.isatty() else 0)
    hosts.follow_base_domain()
    call_command(*COLLECT)


def refuse_newer() -> None:
    """Older code would run on tables that it doesn't know, and write rows that newer code can't read."""
    try:
        loader = MigrationLoader(connection)
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotMigrate(
            f"The database can't be reached: {reason}. Check DATABASE_OWNER_URL and DATABASE_URL."
        ) from error
    known = set(loader.disk_migrations) | {old for one in loader.disk_migrations.values() for old in one.replaces}
    ours = {config.label for config in django.apps.apps.get_app_configs() if config.name.startswith(OURS)}
    ahead = sorted(f"{app}/{name}" for app, name in set(loader.applied_migrations) - known if app in ours)
    if ahead:
        raise CannotMigrate(
            f"The database was used by a newer Plainsail ({', '.join(ahead[:3])}). Install that version,"
            " or restore a backup that is older."
        )


def refuse_others() -> None:
    """Only the tables' owner can change them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, pg_get_userbyid(relowner) FROM pg_class"
            " WHERE oid = to_regclass('kernel_workspace') AND NOT pg_has_role(relowner, 'USAGE')"
        )
        row = cursor.fetchone()
    if row is not None:
        raise CannotMigrate(
            f"The tables belong to {row[1]}, and this is {row[0]}. Set DATABASE_OWNER_URL to that role."
        )
