"""One thing done to many contacts: a chunk a transaction, committed with how far it came, and taken back the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.contacts import queries
from plainsail.contacts.events import ContactDeleted, ContactRestored, ListJoined, TagRemoved
from plainsail.contacts.models import (
    BulkAction,
    BulkChange,
    ConsentEntry,
    Contact,
    ContactTag,
    List,
    ListMember,
    ScoreEntry,
    Tag,
)
from plainsail.contacts.services import contacts, counting, sets, tags, trash
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish_many
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace

CHUNK = 1000
SOURCE = "bulk"
Kind, State = BulkAction.Kind, BulkAction.State
Ids = list[UUID]


class NotNow(Refusal):
    """It is under way, was taken back already, or can't be."""

    code = "not_now"
    message = _("This can’t be undone now.")


@dataclass(frozen=True)
class Chosen:
    """Whom an action is about: `ids`, or where there are none all whom the list of contacts shows when asked like this."""

    ids: tuple[UUID, ...] = ()
    text: str = ""
    list_id: str = ""
    tag_id: str = ""
    segment_id: str = ""
    state: str = ""

    @property
    def said(self) -> dict[str, Any]:
        """As it is stored: only what was asked."""
        return {
            name: [str(one) for one in value] if name == "ids" else value for name, value in vars(self).items() if value
        }


def people(business: Workspace, chosen: Chosen, *, at: datetime) -> QuerySet[Contact]:
    """Those whom it is about, in no order. Raises BadSegment."""
    if chosen.ids:
        found: QuerySet[Contact] = business.contacts.filter(
            id__in=chosen.ids, deleted_at__isnull=chosen.state != "deleted"
        )
        return found
    segment = business.segments.filter(id=chosen.segment_id).first() if chosen.segment_id else None
    among = queries.condition_of(segment.tree, at=at) if segment else None
    return queries.asked_for(
        business, text=chosen.text, list_id=chosen.list_id, tag_id=chosen.tag_id, among=among, state=chosen.state
    )


def tag(business: Workspace, chosen: Chosen, *, name: str, by: User | None, at: datetime) -> BulkAction:
    """Put a tag on all of them, made if need be."""
    found = tags.named(business, name)
    return _begin(business, chosen, Kind.TAG, {"tag_id": str(found.id)}, found.name, by=by, at=at)


def untag(business: Workspace, chosen: Chosen, *, tag: Tag, by: User | None, at: datetime) -> BulkAction:
    """Take a tag off all of them."""
    return _begin(business, chosen, Kind.UNTAG, {"tag_id": str(tag.id)}, tag.name, by=by, at=at)


def join(business: Workspace, chosen: Chosen, *, topic: List, basis: str, by: User | None, at: datetime) -> BulkAction:
    """Put all of them on a list, on a stated basis that is kept as the proof of each. Who left it or is blocked stays away."""
    value = {"list_id": str(topic.id), "basis": basis}
    return _begin(business, chosen, Kind.JOIN, value, topic.name, by=by, at=at)


def leave(business: Workspace, chosen: Chosen, *, topic: List, by: User | None, at: datetime) -> BulkAction:
    """Take all of them off a list. None of them unsubscribed by that, so it can be undone."""
    return _begin(business, chosen, Kind.LEAVE, {"list_id": str(topic.id)}, topic.name, by=by, at=at)


def score(business: Workspace, chosen: Chosen, *, points: int, by: User | None, at: datetime) -> BulkAction:
    """Give all of them points, or take some; they don't fade."""
    return _begin(business, chosen, Kind.SCORE, {"points": points}, f"{points:+d}", by=by, at=at)


def delete(business: Workspace, chosen: Chosen, *, by: User | None, at: datetime) -> BulkAction:
    """Hide all of them and stop their mail."""
    return _begin(business, chosen, Kind.DELETE, {}, "", by=by, at=at)


def restore(business: Workspace, chosen: Chosen, *, by: User | None, at: datetime) -> BulkAction:
    """Bring all of them back, but for those who became part of another."""
    return _begin(business, chosen, Kind.RESTORE, {}, "", by=by, at=at)


def _begin(
    business: Workspace,
    chosen: Chosen,
    kind: BulkAction.Kind,
    value: dict[str, Any],
    label: str,
    *,
    by: User | None,
    at: datetime,
) -> BulkAction:
    made: BulkAction = BulkAction.objects.create(
        kind=kind,
        asked=chosen.said,
        value=value,
        label=label[:150],
        asked_by=by,
        rows_total=people(business, chosen, at=at).count(),
        created_at=at,
    )
    work.once(f"bulk:{made.id}", workspace_id=business.pk, action_id=made.id)
    return made


@transaction.atomic
def undo(action: BulkAction, *, at: datetime) -> None:
    """Take back what it changed, where that still stands. Raises NotNow."""
    locked: BulkAction = BulkAction.objects.select_for_update().get(pk=action.pk)
    if not locked.can_be_undone:
        raise NotNow
    locked.state, locked.ended_at = State.UNDOING, None
    locked.rows_total, locked.rows_done, locked.reached = locked.changed, 0, None
    locked.save(update_fields=["state", "ended_at", "rows_total", "rows_done", "reached"])
    work.once(f"bulk-undo:{locked.id}", workspace_id=locked.workspace_id, action_id=locked.id)


@job("contacts.bulk_action")
@outside_transaction
def work(*, workspace_id: UUID, action_id: UUID) -> None:
    """Go on with an action, or with taking it back, to its end: a thousand contacts a transaction."""
    is_left = True
    while is_left:
        with workspace(workspace_id):
            action = BulkAction.objects.select_for_update().filter(id=action_id, state__in=BulkAction.BUSY).first()
            is_left = action is not None and _step(action, at=clock.now())


def _step(action: BulkAction, *, at: datetime) -> bool:
    """Deal with the next chunk; False where that was the last."""
    is_undoing = action.state == State.UNDOING
    ids = _next(action, at=at)
    changed = (_UNDO if is_undoing else _DO)[action.kind](action, ids, at=at) if ids else []
    if not is_undoing:
        BulkChange.objects.bulk_create([BulkChange(action=action, contact_id=one, created_at=at) for one in changed])
        action.changed = F("changed") + len(changed)
    action.rows_done = F("rows_done") + len(ids)
    action.reached = ids[-1] if ids else action.reached
    is_left = len(ids) == CHUNK
    if not is_left:
        action.state, action.ended_at = (State.UNDONE if is_undoing else State.DONE), at
    action.save(update_fields=["changed", "rows_done", "reached", "state", "ended_at"])
    return is_left


def _next(action: BulkAction, *, at: datetime) -> Ids:
    if action.state == State.UNDOING:
        rows = action.changes.all()
        rows = rows.filter(contact_id__gt=action.reached) if action.reached else rows
        return list(rows.order_by("contact_id").values_list("contact_id", flat=True)[:CHUNK])
    asked = dict(action.asked)
    chosen = Chosen(ids=tuple(UUID(one) for one in asked.pop("ids", ())), **asked)
    # By id and never back, so that whom the action takes out of the filter is not waited for.
    found = people(action.workspace, chosen, at=at)
    found = found.filter(id__gt=action.reached) if action.reached else found
    return list(found.order_by("id").values_list("id", flat=True)[:CHUNK])


def _locked(ids: Sequence[UUID], *, is_deleted: bool = False) -> Ids:
    rows = Contact.objects.select_for_update().filter(id__in=ids, deleted_at__isnull=not is_deleted)
    return list(rows.order_by("id").values_list("id", flat=True))


def _tag_on(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    found = Tag.objects.filter(id=action.value["tag_id"]).first()
    if found is None:
        return []
    fresh = list(Contact.objects.filter(id__in=_locked(ids)).exclude(id__in=found.contact_tags.values("contact_id")))
    tags.add_to_many(fresh, found, at=at)
    return [one.id for one in fresh]


def _tag_off(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    rows = ContactTag.objects.filter(tag_id=action.value["tag_id"], contact_id__in=_locked(ids))
    having = list(rows.values_list("contact_id", flat=True))
    rows.delete()
    contacts.touch(having, at=at)
    publish_many([TagRemoved(tag_id=UUID(action.value["tag_id"]), contact_id=one, at=at) for one in having])
    return having


def _put_on_list(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    topic = List.objects.filter(id=action.value["list_id"], archived_at=None).first()
    if topic is None:
        return []
    open_to = set(Contact.objects.filter(id__in=_locked(ids)).unsuppressed().values_list("id", flat=True))
    states = dict(topic.members.filter(contact_id__in=open_to).values_list("contact_id", "state"))
    pending = ListMember.State.PENDING
    fresh = sorted(one for one in open_to if states.get(one, pending) == pending)
    topic.members.filter(contact_id__in=fresh).update(state=ListMember.State.SUBSCRIBED, changed_at=at)
    subscribed = partial(ListMember, list=topic, state=ListMember.State.SUBSCRIBED, changed_at=at, created_at=at)
    ListMember.objects.bulk_create([subscribed(contact_id=one) for one in fresh if one not in states])
    proof = partial(
        ConsentEntry,
        list=topic,
        act=ConsentEntry.Act.IMPORTED,
        wording=action.value["basis"],
        source=SOURCE,
        at=at,
        created_at=at,
    )
    ConsentEntry.objects.bulk_create([proof(contact_id=one) for one in fresh])
    contacts.touch(fresh, at=at)
    publish_many([ListJoined(list_id=topic.id, contact_id=one, at=at) for one in fresh])
    return fresh


def _take_off_list(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    topic = List.objects.filter(id=action.value["list_id"]).first()
    return sorted(sets.take_off(topic, _locked(ids), source=SOURCE, at=at)) if topic else []


def _put_back_on_list(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    topic = List.objects.filter(id=action.value["list_id"]).first()
    if topic is None:
        return []
    # Who was taken off once more since, by whatever it was, stays off.
    ours = action.changes.filter(contact_id=OuterRef("contact_id"), created_at=OuterRef("changed_at"))
    rows = topic.members.filter(Exists(ours), contact_id__in=ids)
    return sorted(sets.put_back(topic, rows.values_list("contact_id", flat=True), source=SOURCE, at=at))


def _give_points(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    scoring, found = counting.locked(at=at), _locked(ids)
    counting.take_in_set_scores(at=at, ids=found)
    entry = partial(
        ScoreEntry, event_id=action.id, points=action.value["points"], author=action.asked_by, at=at, created_at=at
    )
    ScoreEntry.objects.bulk_create([entry(contact_id=one) for one in found])
    counting.refresh(found, scoring=scoring, at=at)
    return found


def _take_points(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    scoring = counting.locked(at=at)
    counting.take_in_set_scores(at=at, ids=ids)
    ScoreEntry.objects.filter(contact_id__in=ids, rule=None, event_id=action.id).delete()
    counting.refresh(ids, scoring=scoring, at=at)
    return ids


def _hide(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    found = _locked(ids)
    Contact.objects.filter(id__in=found).update(deleted_at=at, updated_at=at)
    publish_many([ContactDeleted(contact_id=one, at=at) for one in found])
    trash.expect(at=at)
    return found


def _show(action: BulkAction, ids: Ids, *, at: datetime) -> Ids:
    hidden = Contact.objects.filter(id__in=_locked(ids, is_deleted=True), merged_into=None)
    found = list(hidden.values_list("id", flat=True))
    Contact.objects.filter(id__in=found).update(deleted_at=None, updated_at=at)
    publish_many([ContactRestored(contact_id=one, at=at) for one in found])
    return found


Deed = Callable[..., Ids]
_DO: dict[str, Deed] = {
    Kind.TAG: _tag_on,
    Kind.UNTAG: _tag_off,
    Kind.JOIN: _put_on_list,
    Kind.LEAVE: _take_off_list,
    Kind.SCORE: _give_points,
    Kind.DELETE: _hide,
    Kind.RESTORE: _show,
}
_UNDO: dict[str, Deed] = {
    Kind.TAG: _tag_off,
    Kind.UNTAG: _tag_on,
    Kind.LEAVE: _put_back_on_list,
    Kind.SCORE: _take_points,
    Kind.DELETE: _show,
    Kind.RESTORE: _hide,
}
