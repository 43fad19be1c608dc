"""Questions about contacts: may they be written to, and why not; what happened to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models import Value as Constant
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.conditions import BadSegment as BadSegment  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.conditions import asks
from plainsail.contacts.conditions import condition_of as condition_of  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.conditions import field_of as field_of  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.conditions import in_segment as in_segment  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.conditions import offered as offered  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.conditions import reads as reads  # noqa: PLC0414  # part of the face of queries
from plainsail.contacts.models import (
    Contact,
    CustomField,
    FieldValue,
    Import,
    List,
    ListMember,
    MailPause,
    Note,
    ScoreEntry,
    ScoreLevel,
    Segment,
    Suppression,
    Tag,
    Tally,
    Task,
)
from plainsail.contacts.searching import called
from plainsail.contacts.sockets import TIMELINE, TIMELINE_GROUPS, TimelineEntry, Words
from plainsail.kernel.models import EventRow, Workspace

PAGE = 50


@dataclass(frozen=True)
class Verdict:
    """Whether a message may go out, and if not, why: `deleted`, `suppressed:<reason>`, `paused`, `list_archived`,
    `not_subscribed`, `pending`."""

    allowed: bool
    reason: str = ""


def may_receive(contact: Contact, topic: List | None) -> Verdict:
    """Whether a contact may get a message: about a list (marketing), or None for one about their own business with us.

    The one answer for broadcast, automation and export; `ContactQuerySet.mailable` is its set form. Transactional mail
    needs no consent, but no mail goes to an address that does not exist or that complained.
    """
    if contact.is_deleted:
        return Verdict(allowed=False, reason="deleted")
    found = Suppression.objects.filter(address_hash=contact.address_hash).first()
    if found is not None and (topic is not None or found.reason != Suppression.Reason.UNSUBSCRIBED):
        return Verdict(allowed=False, reason=f"suppressed:{found.reason}")
    if topic is None:
        return Verdict(allowed=True)
    is_paused = MailPause.objects.filter(contact=contact).exists()
    if is_paused or topic.archived_at is not None:
        return Verdict(allowed=False, reason="paused" if is_paused else "list_archived")
    member = ListMember.objects.filter(contact=contact, list=topic).first()
    if member is None or member.state == ListMember.State.UNSUBSCRIBED:
        return Verdict(allowed=False, reason="not_subscribed")
    return Verdict(
        allowed=member.state == ListMember.State.SUBSCRIBED, reason="" if member.state == "subscribed" else "pending"
    )


def events_of(contact: Contact, before: datetime, limit: int, *, names: Sequence[str]) -> list[EventRow]:
    """A contact's events of these names before a moment, newest first. One index range."""
    rows = EventRow.objects.filter(contact_id=contact.id, at__lt=before, name__in=names)
    return list(rows.order_by("-at", "-id")[:limit])


@dataclass(frozen=True)
class History:
    """Some of what happened, newest first, and before which moment the rest did (None at the end)."""

    entries: list[TimelineEntry]
    before: datetime | None


def timeline(contact: Contact, *, before: datetime, limit: int, group: str = "") -> History:
    """What happened to a contact before a moment, from all sources united; of one group where one is named.

    What happened at the very same moment is never cut in two, so a page may be longer than `limit`.
    """
    chosen = TIMELINE_GROUPS.get(group)
    kinds = chosen.kinds if chosen else None
    found = [entry for source in TIMELINE for entry in source.fetch(contact, before, limit + 1, kinds)]
    found.sort(key=lambda entry: entry.at, reverse=True)
    if len(found) <= limit:
        return History(found, None)
    last = found[limit - 1].at
    return History([entry for entry in found if entry.at >= last], last)


@dataclass(frozen=True)
class Page:
    """Some rows, and from where the next ones start (empty at the end)."""

    rows: list[Contact]
    after: str


def browse(
    workspace: Workspace,
    *,
    text: str = "",
    list_id: str = "",
    tag_id: str = "",
    among: Q | None = None,
    state: str = "",
    after: str = "",
) -> Page:
    """Contacts, newest first, paged by key (created_at, id): a page costs the same at a million rows.

    `among` is a further condition, such as a segment’s. `state` is `deleted` for those who were, and nothing for all others.
    """
    found = asked_for(workspace, text=text, list_id=list_id, tag_id=tag_id, among=among, state=state)
    if after:
        found = found.filter(_older_than(after))
    rows = list(found.order_by("-created_at", "-id")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.created_at.isoformat()}_{last.id}" if last else "")


def asked_for(
    workspace: Workspace,
    *,
    text: str = "",
    list_id: str = "",
    tag_id: str = "",
    among: Q | None = None,
    state: str = "",
) -> QuerySet[Contact]:
    """Contacts as the list of them is asked, in no order yet; `among` is the condition of a segment."""
    found: QuerySet[Contact] = workspace.contacts.filter(deleted_at__isnull=state != "deleted")
    if wanted := text.strip():
        found = found.filter(called(wanted))
    for condition in _chosen(workspace, list_id, tag_id):
        found = found.filter(condition)
    return found if among is None else found.filter(among)


def suppressions_of(people: Iterable[Contact]) -> dict[str, str]:
    """Why addresses of these contacts are not written to, by the address's hash."""
    rows = Suppression.objects.filter(address_hash__in=[one.address_hash for one in people])
    return dict(rows.values_list("address_hash", "reason"))


def reason_against() -> Coalesce:
    """Why a contact's address is not written to, as a column; empty where it may be."""
    rows = Suppression.objects.filter(address_hash=OuterRef("address_hash")).values("reason")[:1]
    return Coalesce(Subquery(rows), Constant(""), output_field=CharField())


def _chosen(workspace: Workspace, list_id: str, tag_id: str) -> Iterator[Q]:
    if topic := _by_id(workspace.lists, list_id):
        yield Q(id__in=topic.members.filter(state=ListMember.State.SUBSCRIBED).values("contact_id"))
    if tag := _by_id(workspace.tags, tag_id):
        yield Q(id__in=tag.contact_tags.values("contact_id"))


def _by_id(rows: Any, key: str) -> Any:
    try:
        return rows.filter(id=UUID(key)).first()
    except ValueError:
        return None


def _older_than(after: str) -> Q:
    moment, _, key = after.rpartition("_")
    try:
        at, last = datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        return Q()
    # Both together, as the index has them: an OR would read all that came since, and an import’s people all came at once.
    return Q(TupleLessThan(Tuple(F("created_at"), F("id")), (at, last)))


def gets(contact: Contact, topic: List | None) -> bool:
    """Whether somebody is on a list or waits to be; where none is named, whether any mail may still come."""
    memberships = contact.memberships.exclude(state=ListMember.State.UNSUBSCRIBED)
    if topic is not None:
        return bool(memberships.filter(list=topic).exists())
    said_never = Suppression.objects.filter(address_hash=contact.address_hash, reason=Suppression.Reason.UNSUBSCRIBED)
    return bool(memberships.exists()) or not said_never.exists()


def segments_that_ask(segment: Segment) -> list[Segment]:
    """Other segments with this one among their conditions, by name."""
    others = Segment.objects.exclude(id=segment.id).select_related("workspace").order_by("name", "id")
    return [one for one in others if segment.id in asks(one.tree)]


def members_of(contact: Contact) -> QuerySet[ListMember]:
    """How things stand between a contact and each list, by the list's name."""
    found: QuerySet[ListMember] = contact.memberships.select_related("list").order_by("list__name", "id")
    return found


Value = str | Decimal | date | bool | list[str]
"""What a custom field says: of choices their labels, else the value as it is."""


def values_of(people: Iterable[Contact]) -> dict[UUID, dict[str, Value]]:
    """What the custom fields say of these contacts, by contact and key; one statement, however many they are."""
    rows: dict[UUID, list[FieldValue]] = {contact.id: [] for contact in people}
    for row in FieldValue.objects.filter(contact_id__in=rows).select_related("field"):
        rows[row.contact_id].append(row)
    return {contact_id: values_said(found) for contact_id, found in rows.items()}


def values_said(rows: Iterable[FieldValue]) -> dict[str, Value]:
    """What the rows of one contact say, by the fields' keys, in the fields' order; fields put away say nothing."""
    said: dict[str, Value] = {}
    shown = [row for row in rows if row.field.archived_at is None]
    for row in sorted(shown, key=lambda row: (row.field.position, row.field.key, row.id)):
        before = said.get(row.field.key, [])
        if row.field.kind == CustomField.Kind.CHOICES:
            said[row.field.key] = [*before, str(row.said)] if isinstance(before, list) else [str(row.said)]
        else:
            said[row.field.key] = row.said
    return said


def own_fields(workspace: Workspace) -> list[CustomField]:
    """The custom fields that are in use, in their order."""
    return list(workspace.custom_fields.filter(archived_at=None).order_by("position", "id"))


def fields_with_uses(workspace: Workspace) -> QuerySet[CustomField]:
    """Every custom field in its order, those put away last, with `uses`: how many contacts it says something of."""
    uses = Count("values__contact", distinct=True)
    found: QuerySet[CustomField] = workspace.custom_fields.annotate(uses=uses).order_by(
        F("archived_at").asc(nulls_first=True), "position", "id"
    )
    return found


def tags_with_uses(workspace: Workspace) -> QuerySet[Tag]:
    """Every tag by category and name, with `uses`: how many contacts have it. A few rows a tag, however many have it."""
    found: QuerySet[Tag] = workspace.tags.annotate(uses=_kept(Tally.Kind.TAG))
    return found.order_by("category", "name", "id")


def lists_with_members(workspace: Workspace) -> QuerySet[List]:
    """Every list by name, those put away last, with how many are `subscribed` and how many `pending`. A few rows a list,
    likewise."""
    counted = {"subscribed": _kept(Tally.Kind.SUBSCRIBED), "pending": _kept(Tally.Kind.PENDING)}
    found: QuerySet[List] = workspace.lists.annotate(**counted)
    return found.order_by(F("archived_at").asc(nulls_first=True), "name", "id")


def _kept(kind: Tally.Kind) -> Coalesce:
    """What the tallies of a row add up to, as a column."""
    rows = Tally.objects.filter(kind=kind, of=OuterRef("id")).order_by().values("workspace_id")
    return Coalesce(Subquery(rows.annotate(number=Sum("number")).values("number")), 0, output_field=BigIntegerField())


@dataclass(frozen=True)
class Outcome:
    """How many rows of an import share a fate, in words."""

    label: Words
    number: int


def outcome_of(made: Import) -> list[Outcome]:
    """What an import did, or will do, or what undoing it did; the first five always, the rest where there are any."""
    is_over = bool(made.tally)
    said = made.tally if is_over else made.forecast
    labels: dict[str, tuple[Words, Words]] = {
        "created": (_("Will be new"), _("New")),
        "changed": (_("Will be changed"), _("Changed")),
        "unchanged": (_("Stay as they are"), _("Left as they were")),
        "repeated": (_("Further rows of the same people"), _("Further rows of the same people")),
        "refused": (_("Can’t be taken"), _("Not taken")),
        "held": (_("Won’t be put on a list, for they left it or can’t be written to"),) * 2,
        "gone": (_("Gone again"),) * 2,
        "restored": (_("As they were before"),) * 2,
        "kept": (_("Kept, for something happened since"),) * 2,
        "stuck": (_("Changed since, so partly left"),) * 2,
    }
    return [
        Outcome(words[is_over], said.get(key, 0))
        for place, (key, words) in enumerate(labels.items())
        if said and (place < 5 or said.get(key))
    ]


def notes_of(contact: Contact, *, about_id: UUID | None = None) -> QuerySet[Note]:
    """Notes on a contact, the newest first; those about one thing of theirs where one is named."""
    found: QuerySet[Note] = (
        contact.written_notes.filter(deleted_at=None).select_related("author").order_by("-at", "-id")
    )
    return found if about_id is None else found.filter(about_id=about_id)


def tasks_of(contact: Contact, *, about_id: UUID | None = None) -> QuerySet[Task]:
    """What is still to be done about a contact, the most urgent first; about one thing of theirs where one is named."""
    found = _undone(contact.tasks)
    return found if about_id is None else found.filter(about_id=about_id)


def _undone(tasks: Any) -> QuerySet[Task]:
    found: QuerySet[Task] = (
        tasks.filter(done_at=None, deleted_at=None)
        .select_related("assignee")
        .order_by(F("due_on").asc(nulls_last=True), "created_at", "id")
    )
    return found


def open_tasks(workspace: Workspace) -> QuerySet[Task]:
    """What a business has still to do about contacts that are not deleted, the most urgent first."""
    return _undone(workspace.tasks).filter(contact__deleted_at=None).select_related("contact", "assignee")


def done_tasks(workspace: Workspace) -> QuerySet[Task]:
    """What was done, the latest first."""
    found: QuerySet[Task] = (
        workspace.tasks.exclude(done_at=None)
        .filter(deleted_at=None)
        .select_related("contact", "assignee", "done_by")
        .order_by("-done_at", "-id")
    )
    return found


@dataclass(frozen=True)
class Load:
    """How many tasks of somebody are due today or before, and how many of those before."""

    due: int
    overdue: int


def load_of(workspace: Workspace, user_id: UUID, *, today: date) -> Load:
    """What a person has to do today. One aggregate over an index of open tasks."""
    mine = workspace.tasks.filter(
        assignee_id=user_id, done_at=None, deleted_at=None, due_on__lte=today, contact__deleted_at=None
    )
    sums = mine.aggregate(due=Count("id"), overdue=Count("id", filter=Q(due_on__lt=today)))
    return Load(sums["due"], sums["overdue"])


@dataclass(frozen=True)
class Earned:
    """Points of a contact: as they were given, and what they are worth now, to a tenth."""

    entry: ScoreEntry
    worth: Decimal


def why(contact: Contact, *, half_life_days: int | None, at: datetime) -> list[Earned]:
    """What a contact's score is made of, the latest first; at most the last 200 entries."""
    rows = contact.score_entries.select_related("rule", "author").order_by("-at", "-id")[:200]
    return [Earned(row, _worth(row, half_life_days, at)) for row in rows]


def _worth(row: ScoreEntry, half_life_days: int | None, at: datetime) -> Decimal:
    if row.rule_id is None or half_life_days is None:
        return Decimal(row.points)
    days = Decimal(max(0, (at - row.at).total_seconds())) / 86400
    return (row.points * Decimal("0.5") ** (days / half_life_days)).quantize(Decimal("0.1"))


def level_of(contact: Contact) -> ScoreLevel | None:
    """The highest level that a contact's score is at now."""
    found: ScoreLevel | None = ScoreLevel.objects.filter(points__lte=contact.score).order_by("-points").first()
    return found
