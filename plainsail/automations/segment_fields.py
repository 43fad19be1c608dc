"""What segments may ask of automations, and which automations ask a segment."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.automations.models import Automation, Run
from plainsail.automations.services import flows
from plainsail.contacts.models import Segment
from plainsail.contacts.sockets import WHAT_THEY_DID, Asked, SegmentField, SegmentUse, having
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
    """Automations with a step that asks the segment, in their draft or in what is live."""
    found = Automation.objects.select_related("version", "workspace").order_by("name", "id")
    return [
        SegmentUse(
            _text("Automation “%(name)s”") % {"name": one.name},
            workspace_url(one.workspace, "automations:automation", one.id),
        )
        for one in found
        if any(_asks(flow, segment) for flow in (one.draft, one.version.document if one.version else None) if flow)
    ]


def _asks(flow: flows.Flow, segment: Segment) -> bool:
    return flow["trigger"]["config"].get("segment") == str(segment.id) or any(
        step["type"] == "condition" and step["config"].get("segment") == str(segment.id)
        for step in flows.walk(flow["steps"])
    )
