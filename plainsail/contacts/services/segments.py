"""Saved questions about contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.contacts import queries
from plainsail.contacts.models import Segment
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace


class NameTaken(Refusal):
    """Another segment is called that."""

    code = "name_taken"
    message = _("Another segment has this name.")


@transaction.atomic
def save(
    workspace: Workspace, *, name: str, tree: Mapping[str, Any], at: datetime, segment: Segment | None = None
) -> Segment:
    """Make a segment, or change one. Raises NameTaken, BadSegment."""
    queries.condition_of(tree)
    others = workspace.segments.filter(name=name)
    if (others.exclude(pk=segment.pk) if segment else others).exists():
        raise NameTaken(field="name")
    if segment is None:
        made: Segment = Segment.objects.create(name=name, tree=dict(tree), created_at=at)
        return made
    segment.name, segment.tree = name, dict(tree)
    segment.save(update_fields=["name", "tree"])
    return segment
