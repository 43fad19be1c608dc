"""Lists: the topics that people consent to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from plainsail.contacts.models import List
from plainsail.kernel.models import Workspace


@transaction.atomic
def create(workspace: Workspace, *, name: str, at: datetime, description: str = "", is_default: bool = False) -> List:
    """A new list with a slug of its own."""
    base = slugify(name)[:50] or "list"
    taken = set(workspace.lists.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(one for one in (base, *(f"{base}-{number}" for number in range(2, 1000))) if one not in taken)
    made: List = List.objects.create(
        name=name, slug=slug, description=description, is_default=is_default, created_at=at
    )
    return made


def default(workspace: Workspace, *, at: datetime) -> List:
    """The list that a form joins where none was chosen; made at the first need."""
    found: List | None = workspace.lists.filter(is_default=True).order_by("created_at").first()
    return found or create(workspace, name=_("Newsletter"), at=at, is_default=True)


def rename(topic: List, *, name: str, description: str) -> None:
    """Change how a list is called; its slug and its consents stay."""
    topic.name, topic.description = name, description
    topic.save(update_fields=["name", "description"])
