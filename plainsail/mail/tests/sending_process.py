"""A process that sends one source's mail until nothing waits; tests kill it. `python -m … WORKSPACE SOURCE`."""

from __future__ import annotations

import sys
from uuid import UUID

import django


def main() -> None:
    django.setup()
    from plainsail.kernel.tenancy import workspace
    from plainsail.mail.models import Delivery
    from plainsail.mail.services import sending

    workspace_id, source_id = (UUID(argument) for argument in sys.argv[1:3])
    print("ready", flush=True)
    sys.stdin.readline()
    waits = True
    while waits:
        sending.send.function(workspace_id=workspace_id, source_id=source_id)
        with workspace(workspace_id):
            waits = Delivery.objects.filter(source_id=source_id, state=Delivery.State.QUEUED).exists()


if __name__ == "__main__":
    main()
