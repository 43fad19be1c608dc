"""Questions about mail that are more than a filter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from plainsail.accounts.models import User
from plainsail.blocks.services import histories
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Delivery, DmarcDay, Email, EmailChange, Feedback, Sender, SendingDomain

HEARTBEAT = timedelta(seconds=60)
MEASURED_WITHIN = timedelta(seconds=60)


def has_worker(*, at: datetime) -> bool:
    """Whether a worker lives: without one, a send would only wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > %s)", [at - HEARTBEAT]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def recent_broadcasts(workspace: Workspace) -> QuerySet[Broadcast]:
    """Broadcasts with what their row in a list shows, the one last touched first."""
    found: QuerySet[Broadcast] = workspace.broadcasts.filter(test_of=None).select_related("email", "list", "segment")
    return found.order_by("-edited_at", "-id")


def problems(workspace: Workspace, source_id: UUID, *, limit: int = 50) -> list[Delivery]:
    """Messages of a source that failed or are uncertain, newest first, at most `limit`."""
    found = workspace.deliveries.filter(source_id=source_id, state__in=("failed", "uncertain"))
    return list(found.order_by("-settled_at", "-id")[:limit])


@dataclass(frozen=True)
class Pace:
    """How fast a broadcast leaves, and for how long at that rate."""

    per_minute: int
    left: timedelta


def pace_of(broadcast: Broadcast, *, at: datetime) -> Pace | None:
    """None while nothing was sent lately."""
    if not broadcast.pace or broadcast.paced_at is None or broadcast.paced_at < at - MEASURED_WITHIN:
        return None
    return Pace(round(broadcast.pace * 60), timedelta(seconds=broadcast.waiting / broadcast.pace))


def uncertain(workspace: Workspace, source_id: UUID) -> QuerySet[Delivery]:
    """Messages of a source of which nobody knows whether they arrived, the oldest first."""
    found: QuerySet[Delivery] = workspace.deliveries.filter(source_id=source_id, state="uncertain")
    return found.order_by("settled_at", "id")


def addresses_of(workspace: Workspace, deliveries: Iterable[Delivery]) -> dict[UUID, str]:
    """Where messages went or were to go, by contact: who is gone is left out."""
    ids = [each.contact_id for each in deliveries if each.contact_id is not None]
    return dict(workspace.contacts.filter(id__in=ids).order_by("id").values_list("id", "email"))


def causes(workspace: Workspace, source_id: UUID) -> list[tuple[str, str, int]]:
    """(state, cause, how many) of everything in a source's ledger that was not accepted. Reads the source's rows."""
    found = workspace.deliveries.filter(source_id=source_id).exclude(Q(state="accepted") | Q(state__in=Delivery.OPEN))
    counted = found.order_by().values_list("state", "cause").annotate(rows=Count("id")).order_by("-rows", "state")
    return [(state, cause, rows) for state, cause, rows in counted]


@dataclass(frozen=True)
class Numbers:
    """What became of one mail over all its editions."""

    accepted: int = 0
    clicked: int = 0
    opened: int = 0
    unsubscribed: int = 0


def numbers_of_email(email_id: UUID | str) -> Numbers:
    """Counted from the ledger's rows of that mail, as steps of automations send it: it is their source."""
    rows = Delivery.objects.filter(source_kind="automation", source_id=email_id, state=Delivery.State.ACCEPTED)
    counted = rows.aggregate(
        accepted=Count("id"),
        clicked=Count("id", filter=Q(clicked_at__isnull=False)),
        opened=Count("id", filter=Q(opened_at__isnull=False)),
        unsubscribed=Count("id", filter=Q(unsubscribed_at__isnull=False)),
    )
    return Numbers(**counted)


def numbers_of_emails(ids: Collection[UUID]) -> dict[UUID, Numbers]:
    """The same for several mails, in one grouped statement; a mail that nobody got is left out."""
    rows = Delivery.objects.filter(source_kind="automation", source_id__in=ids, state=Delivery.State.ACCEPTED)
    counted = (
        rows.order_by()
        .values_list("source_id")
        .annotate(
            accepted=Count("id"),
            clicked=Count("id", filter=Q(clicked_at__isnull=False)),
            opened=Count("id", filter=Q(opened_at__isnull=False)),
            unsubscribed=Count("id", filter=Q(unsubscribed_at__isnull=False)),
        )
    )
    return {source_id: Numbers(*numbers) for source_id, *numbers in counted}


def accepted_by(contact_id: UUID, *, before: datetime, limit: int) -> list[Delivery]:
    """Messages that a contact was sent before a moment, newest first, with what was sent."""
    found = Delivery.objects.filter(contact_id=contact_id, state=Delivery.State.ACCEPTED, settled_at__lt=before)
    return list(found.select_related("edition").order_by("-settled_at", "-id")[:limit])


MAIL_COLUMNS = (
    *("contact_id", "id", "subject", "stream", "state", "cause", "due_at", "settled_at", "opened_at", "clicked_at"),
    "unsubscribed_at",
)
"""What an export of contacts says of the mail that they were sent; `id` is what clicks and opens name as `delivery_id`."""


def mail_of_contacts(people: Collection[UUID]) -> Iterable[dict[str, Any]]:
    """Mail to these contacts by MAIL_COLUMNS, oldest first; one statement."""
    rows = Delivery.objects.filter(contact_id__in=people).order_by("contact_id", "due_at", "id")
    for row in rows.values(*MAIL_COLUMNS, "edition__subject"):
        written = row.pop("edition__subject")
        yield {**row, "subject": row["subject"] or written or ""}


@dataclass(frozen=True)
class Health:
    """What became of a sender's mail in some time: messages accepted, and those that something came back about."""

    accepted: int = 0
    hard: int = 0
    soft: int = 0
    complaints: int = 0
    refused: int = 0
    """Told that the sender itself isn't trusted."""


def health_of(sender: Sender, *, since: datetime, at: datetime) -> Health:
    """Counted from broadcasts' books, the ledger's other rows of that time, and what came back (one index range)."""
    books = Broadcast.objects.filter(sender=sender, started_at__gt=since, started_at__lte=at)
    accepted = books.aggregate(people=Sum("accepted"))["people"] or 0
    if sender.is_default:
        # Automations and notices have no sender of their own. A block-range index of `settled_at` serves this.
        others = Delivery.objects.filter(state=Delivery.State.ACCEPTED, settled_at__gt=since, settled_at__lte=at)
        accepted += others.exclude(source_kind="broadcast").count()
    back = Feedback.objects.filter(sender_id=sender.id, received_at__gt=since, received_at__lte=at).aggregate(
        hard=Count("delivery_id", distinct=True, filter=Q(kind="bounce", cause="hard")),
        soft=Count("delivery_id", distinct=True, filter=Q(kind="bounce", cause="soft_recipient")),
        complaints=Count("delivery_id", distinct=True, filter=Q(kind="complaint")),
        refused=Count("delivery_id", distinct=True, filter=Q(kind="bounce", cause="sender_reputation")),
    )
    return Health(accepted=accepted, **back)


def feedback_of(contact_id: UUID, *, before: datetime, limit: int) -> list[Feedback]:
    """What came back from a contact before a moment, newest first; receipts left out."""
    found = Feedback.objects.filter(contact_id=contact_id, received_at__lt=before).exclude(kind="receipt")
    return list(found.order_by("-received_at", "-id")[:limit])


def accepted_at(delivery_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When these messages were accepted, as far as they were. One statement by primary key."""
    rows = Delivery.objects.filter(id__in=delivery_ids, state=Delivery.State.ACCEPTED, settled_at__isnull=False)
    return {row_id: at for row_id, at in rows.values_list("id", "settled_at") if at is not None}


@dataclass(frozen=True)
class ByClass:
    """How many of a broadcast's messages were opened or clicked by a class of agent, for one reason."""

    kind: str
    agent: str
    reason: str
    messages: int


def classes_of(source_id: UUID) -> list[ByClass]:
    """Opens and clicks of a source by who or what made them. Reads the source's rows in the ledger, and their hits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.kind, h.agent, h.reason, count(DISTINCT h.delivery_id) FROM mail_delivery d "
            "JOIN tracking_hit h ON h.workspace_id = d.workspace_id AND h.delivery_id = d.id "
            "WHERE d.workspace_id = %s AND d.source_id = %s AND h.kind IN ('open', 'click') "
            "GROUP BY h.kind, h.agent, h.reason ORDER BY h.kind, count(DISTINCT h.delivery_id) DESC, h.agent, h.reason",
            [current_workspace_id(), source_id],
        )
        return [ByClass(*row) for row in cursor.fetchall()]


def back_by_day(sender: Sender, *, since: datetime, at: datetime, zone: str) -> dict[str, dict[object, int]]:
    """What came back about a sender's mail: cause (or `complaint`) to local day to messages. One index range."""
    rows = (
        Feedback.objects.filter(sender_id=sender.id, received_at__gt=since, received_at__lte=at)
        .filter(kind__in=("bounce", "complaint"))
        .order_by()
        .annotate(day=TruncDate("received_at", tzinfo=ZoneInfo(zone)))
        .values_list("kind", "cause", "day")
        .annotate(messages=Count("delivery_id", distinct=True))
    )
    found: dict[str, dict[object, int]] = {}
    for kind, cause, day, messages in rows:
        found.setdefault(cause or kind, {})[day] = messages
    return found


def sent_by_day(sender: Sender, *, since: datetime, at: datetime, zone: str) -> dict[object, int]:
    """Messages of a sender's broadcasts that were accepted, by the local day on which each broadcast left."""
    books = Broadcast.objects.filter(sender=sender, started_at__gt=since, started_at__lte=at).order_by()
    days = books.annotate(day=TruncDate("started_at", tzinfo=ZoneInfo(zone))).values_list("day")
    return dict(days.annotate(people=Sum("accepted")))


@dataclass(frozen=True)
class OfDomain:
    """What came back from one mailbox domain."""

    domain: str
    hard: int
    soft: int
    complaints: int


def back_by_domain(sender: Sender, *, since: datetime, at: datetime, limit: int = 8) -> list[OfDomain]:
    """The mailbox domains that most came back from, most first. One index range."""
    rows = (
        Feedback.objects.filter(sender_id=sender.id, received_at__gt=since, received_at__lte=at)
        .filter(kind__in=("bounce", "complaint"))
        .order_by()
        .values_list("domain")
        .annotate(
            messages=Count("delivery_id", distinct=True),
            hard=Count("delivery_id", distinct=True, filter=Q(cause="hard")),
            soft=Count("delivery_id", distinct=True, filter=Q(cause="soft_recipient")),
            complaints=Count("delivery_id", distinct=True, filter=Q(kind="complaint")),
        )
        .order_by("-messages", "domain")[:limit]
    )
    return [OfDomain(domain, hard, soft, complaints) for domain, _messages, hard, soft, complaints in rows]


UNDO_DEPTH = 1000


def undoable(email: Email, by: User | None) -> tuple[int, int]:
    """Numbers of this person's changes that Undo takes back and Redo brings back next; 0 where there is none. One query."""
    steps = EmailChange.objects.filter(email=email, by=by).exclude(kind=EmailChange.Kind.WORDS)
    return histories.undoable(steps.order_by("-number").values_list("number", "kind", "of")[:UNDO_DEPTH])


def last_change(email: Email, number: int, kinds: Collection[str]) -> EmailChange | None:
    """The newest step of these kinds that is the change of this number, or is about it."""
    steps = EmailChange.objects.filter(email=email, kind__in=kinds).filter(Q(number=number) | Q(of=number))
    found: EmailChange | None = steps.order_by("-number").first() if number else None
    return found


@dataclass(frozen=True)
class Reported:
    """What was reported of a source of mail in a domain's name: how many messages, and what they passed."""

    source: str
    messages: int
    passed: int
    dkim_passed: int
    spf_passed: int
    turned_away: int
    last_on: date

    @property
    def failed(self) -> int:
        return self.messages - self.passed


def reported_days(domain: SendingDomain, *, since: date, until: date) -> list[tuple[date, int, int]]:
    """Day by day the messages that passed and those that failed; days without reports are nought. One query."""
    rows = DmarcDay.objects.filter(domain=domain, day__gte=since, day__lte=until).order_by().values("day")
    sums = {row["day"]: row for row in rows.annotate(all=Sum("messages"), good=Sum("passed"))}
    found = []
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        row = sums.get(day, {"all": 0, "good": 0})
        found.append((day, int(row["good"]), int(row["all"]) - int(row["good"])))
    return found


def reported_sources(domain: SendingDomain, *, since: date, most: int) -> list[Reported]:
    """The sources with most messages since a day. One query over its days, a few hundred rows a day at most."""
    rows = DmarcDay.objects.filter(domain=domain, day__gte=since).order_by().values("source")
    sums = rows.annotate(
        all=Sum("messages"),
        good=Sum("passed"),
        dkim=Sum("dkim_passed"),
        spf=Sum("spf_passed"),
        away=Sum("quarantined") + Sum("rejected"),
        last=Max("day"),
    )
    return [
        Reported(each["source"], each["all"], each["good"], each["dkim"], each["spf"], each["away"], each["last"])
        for each in sums.order_by("-all", "source")[:most]
    ]
