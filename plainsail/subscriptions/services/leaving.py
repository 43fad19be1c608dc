"""Why people leave, and who stayed after all: a report over whole months of the business's calendar. Reads only.

A leaving is a declaration of a customer's own, on the day of its arrival. What says again what another had said, a business
that closes, and a new price that wasn't agreed to are none. Kept is a contract whose cancellation was taken back, by the
customer or at the customer's wish.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth

from plainsail.commerce.models import Invoice
from plainsail.kernel import cells
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.subscriptions.models import CancellationRequest, CancellationUndo, Subscription, SubscriptionItem
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import cancellation

MONTHS = 12
NOT_THEIR_WILL = (CancellationRequest.Kind.SELLER_CLOSING, CancellationRequest.Kind.PRICE_CHANGE)


@dataclass(frozen=True)
class Reason:
    """How many gave a reason (a code; empty for who said none), and how many of them wrote something."""

    code: str
    number: int
    texts: int
    percent: int
    """Of all who left, rounded half up."""


@dataclass(frozen=True)
class Kept:
    """Contracts whose cancellation was taken back, and what their customers were charged since."""

    number: int = 0
    running: int = 0
    """How many of them still run today, with no end planned."""
    worth: tuple[Money, ...] = ()
    """Paid on their invoices issued since, tax included, less what went back; one sum for each currency."""


@dataclass(frozen=True)
class Report:
    """Of some months, oldest first, each by its first day; `month` where it is about one of them only."""

    months: tuple[date, ...]
    month: date | None
    reasons: tuple[Reason, ...]
    """The most frequent first, who said none last."""
    left: Mapping[date, int]
    stayed: Mapping[date, int]
    """How many contracts were kept, by the month in which the cancellation was taken back."""
    kept: Kept

    @property
    def number(self) -> int:
        """How many left."""
        return sum(one.number for one in self.reasons)


def report(workspace: Workspace, *, at: datetime, month: date | None = None) -> Report:
    """The last twelve months, or one of them (by its first day; any other is left aside). `at` is the seller's time. Six queries.

    Costs an index scan of the declarations in the span, and of the lines of what the kept contracts were charged.
    """
    zone = workspace.timezone
    months = last_months(local_date(at, zone))
    chosen = month if month in months else None
    whole = declared(workspace, months)
    undone = taken_back(workspace, months)
    left = _by_month(whole, "received_at", zone)
    stayed = Counter(local_date(since, zone).replace(day=1) for since in undone.values())
    wanted = undone if chosen is None else {key: since for key, since in undone.items() if _is_in(since, chosen, zone)}
    return Report(
        months=months,
        month=chosen,
        reasons=_reasons(whole if chosen is None else declared(workspace, (chosen,))),
        left={each: left.get(each, 0) for each in months},
        stayed={each: stayed.get(each, 0) for each in months},
        kept=_kept(wanted),
    )


def reasons(workspace: Workspace, *, at: datetime) -> tuple[Reason, ...]:
    """The reasons of the last twelve months alone. One query."""
    return _reasons(declared(workspace, last_months(local_date(at, workspace.timezone))))


def span(workspace: Workspace, *, at: datetime, month: date | None) -> tuple[date, ...]:
    """One of the last twelve months, or all of them where another was asked for."""
    months = last_months(local_date(at, workspace.timezone))
    return (month,) if month is not None and month in months else months


def last_months(today: date) -> tuple[date, ...]:
    """First days of the last twelve months, this one included, oldest first."""
    count = today.year * 12 + today.month - 1
    return tuple(date(number // 12, number % 12 + 1, 1) for number in range(count - MONTHS + 1, count + 1))


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _is_in(moment: datetime, month: date, zone: str) -> bool:
    return local_date(moment, zone).replace(day=1) == month


def declared(workspace: Workspace, months: Sequence[date]) -> QuerySet[CancellationRequest]:
    """Customers' own declarations that arrived within some months that follow each other."""
    begins, ends = (day_start(day, workspace.timezone) for day in (months[0], _after(months[-1])))
    found: QuerySet[CancellationRequest] = workspace.cancellation_requests.filter(
        received_at__gte=begins, received_at__lt=ends, repetition=None
    )
    return found.exclude(kind__in=NOT_THEIR_WILL)


def words(workspace: Workspace, months: Sequence[date], *, reason: str) -> QuerySet[CancellationRequest]:
    """What was written by those who gave a reason (empty: none), newest first."""
    found = declared(workspace, months).filter(_has_text(), reason_code=reason)
    return found.select_related("cancellation__subscription", "cancellation__undo").order_by("-received_at", "-id")


def _has_text() -> Q:
    return ~Q(feedback="") | (Q(payload__has_key="cause") & ~Q(payload__cause=""))


def _reasons(rows: QuerySet[CancellationRequest]) -> tuple[Reason, ...]:
    counted = (
        rows.order_by().values_list("reason_code").annotate(number=Count("id"), texts=Count("id", filter=_has_text()))
    )
    found = sorted(counted, key=lambda row: (row[0] == "", -row[1], row[0]))
    total = sum(row[1] for row in found)
    return tuple(Reason(code, number, texts, (200 * number + total) // (2 * total)) for code, number, texts in found)


def _by_month(rows: QuerySet[CancellationRequest], column: str, zone: str) -> dict[date, int]:
    month = TruncMonth(column, tzinfo=ZoneInfo(zone))
    counted = rows.order_by().annotate(month=month).values_list("month").annotate(number=Count("id"))
    return {moment.date(): number for moment, number in counted}


def taken_back(workspace: Workspace, months: Sequence[date]) -> dict[UUID, datetime]:
    """Contracts whose cancellation was taken back within some months, and when that first was."""
    begins, ends = (day_start(day, workspace.timezone) for day in (months[0], _after(months[-1])))
    undone: QuerySet[CancellationUndo] = workspace.cancellation_undos.filter(undone_at__gte=begins, undone_at__lt=ends)
    theirs = undone.exclude(by__in=[cancellation.SUPERSEDED, cancellation.SELLER]).order_by("-undone_at", "-id")
    return dict(theirs.values_list("cancellation__subscription_id", "undone_at"))


def _kept(undone: Mapping[UUID, datetime]) -> Kept:
    if not undone:
        return Kept()
    running = Subscription.objects.filter(id__in=list(undone), state__in=RUNNING, scheduled_end_at=None).count()
    return Kept(len(undone), running, _worth(undone))


def _worth(undone: Mapping[UUID, datetime]) -> tuple[Money, ...]:
    owners = dict(SubscriptionItem.objects.filter(subscription__in=list(undone)).values_list("id", "subscription_id"))
    paid = Invoice.objects.filter(lines__item_id__in=list(owners), issued_at__gte=min(undone.values()))
    rows = paid.filter(paid_minor__gt=F("payable_minor")).order_by().distinct()
    sums: dict[str, int] = defaultdict(int)
    counted: set[UUID] = set()
    for key, item_id, issued_at, currency, minor, back in rows.values_list(
        "id", "lines__item_id", "issued_at", "currency", "paid_minor", "payable_minor"
    ):
        if key not in counted and issued_at >= undone[owners[item_id]]:
            counted.add(key)
            sums[currency] += minor - back
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


def as_csv(workspace: Workspace, months: Sequence[date], *, labels: Mapping[str, str]) -> bytes:
    """Every declaration of some months as a table, oldest first: for a spreadsheet. One query."""
    head = ("month", "received_at", "reference", "contract", "kind", "through", "reason", "words", "taken_back")
    return cells.file([head, *(_row(workspace, one, labels) for one in _told(workspace, months))])


def _row(workspace: Workspace, one: CancellationRequest, labels: Mapping[str, str]) -> Sequence[str]:
    made = getattr(one, "cancellation", None)
    return (
        f"{local_date(one.received_at, workspace.timezone):%Y-%m}",
        one.received_at.isoformat(),
        one.reference,
        made.subscription.reference if made else "",
        one.kind,
        one.door,
        labels.get(one.reason_code, one.reason_code) if one.reason_code else "",
        text_of(one),
        "yes" if made is not None and made.is_undone else "",
    )


def _told(workspace: Workspace, months: Sequence[date]) -> Iterable[CancellationRequest]:
    rows = declared(workspace, months).select_related("cancellation__subscription", "cancellation__undo")
    return rows.order_by("received_at", "id").iterator(chunk_size=2000)


def text_of(request: CancellationRequest) -> str:
    """What somebody wrote about why, word for word."""
    return request.feedback or str(request.payload.get("cause", ""))
