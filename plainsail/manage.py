"""Django's command line: `python -m plainsail.manage …`. Commands that change the schema run as the owner role."""

import os
import sys

OWNER_COMMANDS = {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "flush", "dbshell"}


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("PLAINSAIL_OWNER", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
