"""Where contacts and their words come from, as it is stored and as it is said."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.sockets import SOURCES
from plainsail.kernel.models import Workspace

FORM = "form"
LATEST = 2000
"""How many contacts are looked at for sources that nobody registered."""

OF_CONTACTS: dict[str, str | Promise] = {
    "manual": _("Added by hand"),
    "import": _("A file"),
    "api": _("A program, by API"),
    "webhook": _("A program, by webhook"),
    "checkout": _("The checkout"),
    FORM: _("A form"),
}
"""Where somebody became a contact."""
OF_WORDS: dict[str, str | Promise] = {
    "import taken back": _("An import that was undone"),
    "bulk": _("By hand, with others"),
    "automation": _("An automation"),
    "unsubscribe link": _("The link in a mail"),
    "preferences page": _("The page of what they get"),
    "erasure request": _("Asked to be erased"),
}
"""Where else a word of theirs, or one about them, came from."""


def said(source: str) -> str | Promise:
    """A source in words; what is none of ours stands as it was given."""
    return (OF_CONTACTS | OF_WORDS).get(source.partition(":")[0], source)


def offered(workspace: Workspace) -> list[tuple[str, str | Promise]]:
    """The sources that there are, to choose from: ours, those of other areas, and others that the latest contacts have."""
    known = [*(OF_CONTACTS | {FORM: _("Any form")}).items(), *(one for source in SOURCES for one in source(workspace))]
    latest = workspace.contacts.order_by("-created_at", "-id").values_list("source", flat=True)[:LATEST]
    others = sorted({one for one in latest if one} - {key for key, _words in known})
    return [*known, *((one, said(one)) for one in others)]
