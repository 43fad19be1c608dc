"""The panel of a test run: whom to try it with, and what would happen to them, when and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.automations.models import Automation
from plainsail.automations.services import flows, rehearsing
from plainsail.automations.services.rehearsing import Foreseen
from plainsail.automations.views import drawing
from plainsail.contacts import queries as contact_queries
from plainsail.contacts.models import Contact
from plainsail.kernel.http import Request

OFFERED = 8


def panel(request: Request, found: Automation) -> dict[str, Any]:
    """The run of the contact named in the address, else people to choose from."""
    contact = _contact(request)
    if contact is None:
        who = request.GET.get("who", "")[:200].replace("\x00", "")
        people = contact_queries.browse(request.workspace, text=who).rows[:OFFERED]
        return {"who": who, "candidates": people}
    rehearsal = rehearsing.rehearse(found.draft, contact, at=request.now)
    lines = [{"step": each, "look": drawing.look_of(each.step), "says": said(each)} for each in rehearsal.steps]
    return {"tried": contact, "rehearsal": rehearsal, "lines": lines}


def said(taken: Foreseen) -> str:
    """What would come of a step, in words; of a question why its way is taken."""
    if taken.note:
        return taken.note
    ways = dict(flows.branches(taken.step))
    if taken.outcome in ways:
        words = {"way": drawing.way_label(taken.step, taken.outcome)}
        return _("“%(way)s”, as things stand now.") % words
    return ""


def _contact(request: Request) -> Contact | None:
    try:
        key = UUID(request.GET.get("test", ""))
    except ValueError:
        return None
    found: Contact | None = request.workspace.contacts.filter(id=key, deleted_at=None).first()
    return found
