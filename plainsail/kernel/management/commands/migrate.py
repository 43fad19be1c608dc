"""`migrate` that sees tenancy as `makemigrations` does, and gives the other roles their rights afterwards."""

from typing import Any

from django.core.management.commands import migrate
from django.core.management.commands.migrate import Command as DjangoCommand

from plainsail.kernel import states
from plainsail.kernel.grants import grant, seeing_every_row
from plainsail.kernel.migrating import Executor
from plainsail.kernel.operations import TenancyAutodetector
from plainsail.kernel.upkeep import AFTER_MIGRATE

# Django's command has no other place to say who applies its migrations.
migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]  # imported there


class Command(DjangoCommand):
    autodetector = TenancyAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        if options.get("plan") or options.get("check_unapplied"):
            super().handle(*args, **options)
            return
        with seeing_every_row(), states.nearby():
            super().handle(*args, **options)
        grant()
        if not options.get("app_label"):
            for work in AFTER_MIGRATE:
                work()
