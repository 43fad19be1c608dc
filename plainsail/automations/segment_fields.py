"""What segments may ask of automations, and which automations ask a segment."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.automations import queries
from plainsail.automations.models import Run
from plainsail.contacts.models import List, Segment
from plainsail.contacts.sockets import WHAT_THEY_DID, Asked, ListUse, SegmentField, SegmentUse, having
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import Workspace


def went_through(asked: Asked) -> Q:
    """Where somebody is in an automation, or whether they ever were. One index range of its runs."""
    runs = Run.objects.filter(automation_id=asked.value)
    if asked.op == "is_in":
        runs = runs.filter(ended_at=None)
    elif asked.op == "finished":
        runs = runs.filter(state=Run.State.DONE)
    return ~having(runs) if asked.op == "never" else having(runs)


def automations_of(workspace: Workspace) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in workspace.automations.order_by("name", "id")]


AUTOMATION = SegmentField(
    label=_("Automation"),
    kind="row",
    operators={
        "is_in": _("is in"),
        "finished": _("has come through"),
        "entered": _("has ever entered"),
        "never": _("has never entered"),
    },
    compile=went_through,
    choices=automations_of,
    says={
        "is_in": _("is in automation %(value)s"),
        "finished": _("has come through automation %(value)s"),
        "entered": _("has entered automation %(value)s"),
        "never": _("has never entered automation %(value)s"),
    },
    group=WHAT_THEY_DID,
    order=95,
    reads=("automations",),
)


def asking(segment: Segment) -> list[SegmentUse]:
    """Automations that ask the segment, or wait for who comes and goes."""
    return needing(str(segment.id))


def needing_list(topic: List) -> list[ListUse]:
    """Automations that start by a list, put on it or take off it, or write about it."""
    return [ListUse(use.label, use.url, is_at_work=True) for use in needing(str(topic.id))]


def needing(text: str) -> list[SegmentUse]:
    """Automations with a text as one of their settings, and where they are."""
    return [
        SegmentUse(
            _text("Automation “%(name)s”") % {"name": one.name},
            workspace_url(one.workspace, "automations:automation", one.id),
        )
        for one in queries.needing(text)
    ]
