"""`migrate` that sees tenancy as `makemigrations` does, and gives the other roles their rights afterwards."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

from plainsail.kernel.grants import grant
from plainsail.kernel.operations import TenancyAutodetector
from plainsail.kernel.upkeep import AFTER_MIGRATE


class Command(DjangoCommand):
    autodetector = TenancyAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not (options.get("plan") or options.get("check_unapplied")):
            grant()
            if not options.get("app_label"):
                for work in AFTER_MIGRATE:
                    work()
