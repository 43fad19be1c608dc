"""Who uses this: what would stand without its tag, its segment, its page stands in the way of deleting that."""

from __future__ import annotations

from django.utils.translation import gettext as _

from plainsail.contacts.sockets import SETTINGS_USES, SegmentUse
from plainsail.kernel.errors import Refusal

NAMED = 5


class InUse(Refusal):
    """Something still needs it; the message says what, by name."""

    code = "in_use"


def found(text: str) -> list[SegmentUse]:
    """What holds a text in its settings: a row's id, or the address of a page."""
    return [use for source in SETTINGS_USES for use in source(text)]


def refuse(text: str) -> None:
    """Raises InUse where something holds the text in its settings."""
    if uses := found(text):
        named = ", ".join(use.label for use in uses[:NAMED])
        raise InUse(_("It is still used: %(uses)s.") % {"uses": named})
