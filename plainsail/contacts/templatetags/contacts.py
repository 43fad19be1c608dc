"""Words that the screens of contacts need."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

SOURCES: dict[str, str | Promise] = {
    "manual": _("Added by hand"),
    "import": _("A file"),
    "import taken back": _("An import that was undone"),
    "api": _("A program, by API"),
    "webhook": _("A program, by webhook"),
    "bulk": _("By hand, with others"),
    "form": _("A form"),
    "unsubscribe link": _("The link in a mail"),
    "preferences page": _("The page of what they get"),
    "erasure request": _("Asked to be erased"),
}


@register.filter
def came_from(source: str) -> str | Promise:
    """Where somebody or a word of theirs came from; what is none of ours stands as it was given."""
    return SOURCES.get(source.partition(":")[0], source)
