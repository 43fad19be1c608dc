"""A worker on one import, for tests that kill it: `python -m … WORKSPACE IMPORT STATEMENT` dies before that statement."""

from __future__ import annotations

import os
import signal
import sys
from uuid import UUID

import django


def main() -> None:
    django.setup()
    from django.db import connection

    from plainsail.contacts.services import importing

    importing.CHUNK = 100
    left = int(sys.argv[3])

    def count(execute, sql, params, many, context):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        importing.run.function(workspace_id=UUID(sys.argv[1]), import_id=UUID(sys.argv[2]))


if __name__ == "__main__":
    main()
