"""Flows to start from that need nothing of any area."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy

from plainsail.automations.services import flows
from plainsail.automations.sockets import Starter
from plainsail.kernel.models import Workspace


def empty(workspace: Workspace, at: datetime) -> flows.Flow:
    return flows.empty()


SEQUENCE = Starter(
    label=gettext_lazy("A sequence of mails"),
    text=gettext_lazy("One mail after the other, each some days after the last, as a plain list."),
    icon="mail",
    build=empty,
    is_sequence=True,
    order=95,
)
EMPTY = Starter(
    label=gettext_lazy("Start empty"),
    text=gettext_lazy("Choose what starts it, then add one step after the other."),
    icon="plus",
    build=empty,
    order=100,
)
