"""Workers that hear what lets people in and take everybody on, until they are killed or nothing is left; for tests.

`python -m plainsail.automations.tests.walker WORKSPACE`, with PostgreSQL by DATABASE_URL: for each moment on a line of its
input it forks a worker, ready at once, and says its process id.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from uuid import UUID

SMALL = 40
"""People in a set: so that many are committed between two kills."""


def work(workspace_id: UUID, at: datetime) -> None:
    from plainsail.automations.services import lanes, running
    from plainsail.kernel import events

    running.WINDOW = events.SET = SMALL
    lanes.LEAST = SMALL // 4
    events.drain.function(workspace_id=workspace_id, subscriber="automations.contacts.list_joined")
    while True:
        following = running.advance.function(workspace_id=workspace_id, at=at)
        if following is None or following > at:
            return


def main(workspace_id: UUID) -> None:
    import django

    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        worker = os.fork()
        if worker == 0:
            try:
                work(workspace_id, datetime.fromisoformat(line.strip()))
            finally:
                os._exit(0)
        sys.stdout.write(f"{worker}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    main(UUID(sys.argv[1]))
