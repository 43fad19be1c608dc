"""What segments may ask of visits, opened mails and followed links. People only: programs that check links don't count."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.sockets import WHAT_THEY_DID, Asked, SegmentField, having, when_last
from plainsail.tracking.models import Agent, Hit


def visited(asked: Asked) -> Q:
    """Has seen a path of a site, or any page, so often within a time. One index range of the path's visits."""
    hits = Hit.objects.filter(kind="visit", agent=Agent.HUMAN, contact_id__isnull=False)
    if asked.value:
        path = str(asked.value)
        hits = hits.filter(path=path if path.startswith("/") else f"/{path}")
    if asked.since is not None:
        hits = hits.filter(at__gte=asked.since)
    found = having(hits, at_least=asked.count)
    return ~found if asked.op == "has_not" else found


VISITED = SegmentField(
    label=_("Visited a page"),
    kind="text",
    operators={"has": _("has visited"), "has_not": _("has not visited")},
    compile=visited,
    anything=_("any page"),
    inputs=("count", "days"),
    says={"has": _("visited %(value)s"), "has_not": _("has not visited %(value)s")},
    group=WHAT_THEY_DID,
    order=80,
    reads=("visits",),
)
OPENED = when_last(
    "opened",
    label=_("Opened a mail"),
    says={
        "within": _("opened a mail in the last %(value)s days"),
        "not_within": _("opened no mail in the last %(value)s days"),
        "ever": _("has opened a mail"),
        "never": _("has never opened a mail"),
    },
    order=71,
)
CLICKED = when_last(
    "clicked",
    label=_("Followed a link in a mail"),
    says={
        "within": _("followed a link in the last %(value)s days"),
        "not_within": _("followed no link in the last %(value)s days"),
        "ever": _("has followed a link"),
        "never": _("has never followed a link"),
    },
    order=72,
)
