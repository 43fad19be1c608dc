"""Workers on one import, for tests that kill them: `python -m … WORKSPACE IMPORT`, with PostgreSQL by DATABASE_URL.

For each line of its input, such as `17 88`, it forks that many workers, ready at once; the first dies before its 17th
statement, the second before its 88th; `-1` dies when it has deleted the file. When all have ended it says how: `-9 0`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from uuid import UUID

import django

PATIENCE = 60
"""Seconds until workers that do not end are given up, and this process with them."""


def work(workspace_id: UUID, import_id: UUID, dies_at: int) -> None:
    from django.db import connection

    from plainsail.contacts.services import importing

    importing.CHUNK = 100
    left = dies_at
    if dies_at < 0:
        unlink = Path.unlink

        def last_act(path: Path, **options: bool) -> None:
            unlink(path, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        Path.unlink = last_act

    def count(execute, sql, params, many, context):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        importing.run.function(workspace_id=workspace_id, import_id=import_id)


def forked(workspace_id: UUID, import_id: UUID, dies_at: int) -> int:
    worker = os.fork()
    if worker == 0:
        status = 1
        try:
            work(workspace_id, import_id, dies_at)
            status = 0
        finally:
            os._exit(status)
    return worker


def main(workspace_id: UUID, import_id: UUID) -> None:
    django.setup()
    for line in sys.stdin:
        signal.alarm(PATIENCE)
        workers = [forked(workspace_id, import_id, int(dies_at)) for dies_at in line.split()]
        ends = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
        signal.alarm(0)
        sys.stdout.write(" ".join(map(str, ends)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(UUID, sys.argv[1:3]))
