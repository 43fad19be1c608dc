"""Saved questions about contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.contacts import conditions, queries
from plainsail.contacts.models import Segment
from plainsail.contacts.sentences import Wording
from plainsail.contacts.sockets import SEGMENT_USES, SegmentUse
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace


class NameTaken(Refusal):
    """Another segment is called that."""

    code = "name_taken"
    message = _("Another segment has this name.")


class AsksItself(Refusal):
    """A segment would ask itself, straight or through others."""

    code = "asks_itself"
    status = 422


class InUse(Refusal):
    """Something still asks the segment."""

    code = "segment_in_use"


@transaction.atomic
def save(
    workspace: Workspace, *, name: str, tree: Mapping[str, Any], at: datetime, segment: Segment | None = None
) -> Segment:
    """Make a segment, or change one; it is counted afterwards, by a job. Raises NameTaken, BadSegment, AsksItself."""
    # One after the other, or two who save at once could each make the other's segment ask their own.
    list(workspace.segments.select_for_update().order_by("id").values_list("id", flat=True))
    conditions.check_size(tree)
    if segment is not None:
        _refuse_cycle(segment, tree)
    queries.condition_of(tree, at=at)
    others = workspace.segments.filter(name=name)
    if (others.exclude(pk=segment.pk) if segment else others).exists():
        raise NameTaken(field="name")
    if segment is None:
        segment = Segment.objects.create(name=name, tree=dict(tree), created_at=at)
    else:
        if segment.tree != tree:
            segment.counted = segment.counted_at = None
            # Whatever is watched may ask this one: the next look compares it as a whole.
            workspace.segments.exclude(watched_at=None).update(next_at=None)
        segment.name, segment.tree = name, dict(tree)
        segment.save(update_fields=["name", "tree", "counted", "counted_at"])
    count.once(f"segment:{segment.id}", segment_id=segment.id)
    return segment


def _refuse_cycle(segment: Segment, tree: Mapping[str, Any]) -> None:
    """Follow what the tree asks, each segment once."""
    seen: set[UUID] = set()
    waiting = conditions.asks(tree)
    while waiting:
        if segment.id in waiting:
            raise AsksItself(
                _text("“%(segment)s” would ask itself. Choose another segment.") % {"segment": segment.name}
            )
        seen |= waiting
        trees = Segment.objects.filter(id__in=waiting).values_list("tree", flat=True)
        waiting = {other for one in trees for other in conditions.asks(one)} - seen


def in_words(workspace: Workspace, tree: Mapping[str, Any], *, at: datetime) -> str:
    """What a tree asks, as a sentence."""
    return Wording(workspace, at=at).sentence(tree)


def copy(segment: Segment, *, at: datetime) -> Segment:
    """Another segment that asks the same, under a name of its own."""
    taken = set(segment.workspace.segments.values_list("name", flat=True))
    stem = _text("Copy of %(name)s") % {"name": segment.name}
    names = [stem[:100], *(f"{stem[:95]} {number}" for number in range(2, len(taken) + 3))]
    name = next(one for one in names if one not in taken)
    return save(segment.workspace, name=name, tree=segment.tree, at=at)


def uses(segment: Segment) -> list[SegmentUse]:
    """What asks a segment: other segments, broadcasts, automations."""
    return [use for source in SEGMENT_USES for use in source(segment)]


@transaction.atomic
def delete(segment: Segment) -> None:
    """Forget a segment. Raises InUse, which says what still asks it."""
    locked = Segment.objects.select_for_update().select_related("workspace").get(pk=segment.pk)
    if found := uses(locked):
        named = ", ".join(use.label for use in found[:5])
        raise InUse(_text("It is still used: %(uses)s.") % {"uses": named})
    locked.delete()


@job("contacts.count_segment")
def count(segment_id: UUID) -> None:
    """Count who answers a segment now, and note when that was. Asked twice while it waits, it is done once."""
    recount(segment_id, at=clock.now())


def recount(segment_id: UUID, *, at: datetime) -> None:
    """Count who answers a segment at a moment; one that can't be understood any more is left uncounted."""
    segment = Segment.objects.select_related("workspace").filter(id=segment_id).first()
    if segment is None:
        return
    try:
        people = queries.in_segment(segment.workspace, segment, at=at)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', %s, true)", [conditions.ROOM])
            counted = people.count()
    except queries.BadSegment:
        return
    # Somebody may have changed it meanwhile: then the number is of another question.
    Segment.objects.filter(id=segment.id, tree=segment.tree).update(counted=counted, counted_at=at)
