"""What segments may ask of mail that was sent, and which broadcasts ask a segment or go to a list."""

from __future__ import annotations

from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import List, Segment
from plainsail.contacts.sockets import ListUse, SegmentUse, when_last
from plainsail.kernel.http import workspace_url

SENT = when_last(
    "sent",
    label=_("Was sent a mail"),
    says={
        "within": _("was sent a mail in the last %(value)s days"),
        "not_within": _("was sent no mail in the last %(value)s days"),
        "ever": _("was sent a mail at some time"),
        "never": _("was never sent a mail"),
    },
    order=70,
)


def broadcasts_about(topic: List) -> list[ListUse]:
    """Broadcasts to a list; those that are still to leave, or are leaving, need it."""
    rows = topic.broadcasts.filter(test_of=None).select_related("email", "workspace").order_by("-edited_at", "id")
    return [
        ListUse(
            _text("Broadcast “%(subject)s”") % {"subject": one},
            workspace_url(one.workspace, "mail:broadcast", one.id),
            is_at_work=one.state in one.IN_FLIGHT,
        )
        for one in rows
    ]


def broadcasts_of(segment: Segment) -> list[SegmentUse]:
    """Broadcasts narrowed down by it, sent ones too: they say for ever who got them."""
    return [
        SegmentUse(
            _text("Broadcast “%(subject)s”") % {"subject": one},
            workspace_url(one.workspace, "mail:broadcast", one.id),
        )
        for one in segment.broadcasts.select_related("email", "workspace").order_by("-edited_at", "id")
    ]
