"""Flows to start from that need nothing of any area."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy

from plainsail.automations.services import flows
from plainsail.automations.sockets import Starter
from plainsail.kernel.models import Workspace


def empty(workspace: Workspace, at: datetime) -> flows.Flow:
    return flows.empty()


EMPTY = Starter(
    label=gettext_lazy("Start empty"),
    text=gettext_lazy("Choose what starts it, then add one step after the other."),
    icon="plus",
    build=empty,
    order=100,
)
