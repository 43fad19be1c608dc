"""`makemigrations` that also writes the tenancy of new tables."""

from django.core.management.commands.makemigrations import Command as DjangoCommand

from plainsail.kernel.operations import TenancyAutodetector


class Command(DjangoCommand):
    autodetector = TenancyAutodetector
