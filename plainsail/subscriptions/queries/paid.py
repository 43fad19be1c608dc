"""What of a contract is paid for, and what its cancellation depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services.crediting import billed_lines
from plainsail.commerce.services.proration import Billed
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Cycle, Interval, Period, local_date
from plainsail.payments import queries as payments
from plainsail.subscriptions.models import PlanChange, PolicyVersion, Subscription, SubscriptionItem


@dataclass(frozen=True)
class PaidLine:
    """A recurring line already paid for: which days, how much and what earlier credits took of it."""

    invoice_id: str
    line_id: str
    item_id: str
    description: str
    period: Period
    interval: Interval
    billed: Billed
    paid_at: datetime
    is_first: bool
    first_paid_at: datetime
    """When what was bought was first paid for, whatever plan it was then: a change of the plan is no new purchase. An

    add-on's is its own; what a paid trial cost begins nothing but the trial.
    """
    is_held: bool = False
    """Whether the bank holds its money because the customer disputes it: nothing goes back before that is decided."""


@dataclass(frozen=True)
class ItemFacts:
    """A recurring item of the contract and the first local day that is not paid for."""

    item_id: str
    description: str
    price: Money
    interval: Interval
    paid_through: date
    is_addon: bool
    payments: int | None = None
    cycle: Cycle | None = None
    is_once: bool = False

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is the customer's once all payments are made."""
        return self.is_once or (self.payments is not None and self.cycle is None)


@dataclass(frozen=True)
class Facts:
    """All that a quote depends on."""

    reference: str
    currency: str
    timezone: str
    kind: str
    started_at: datetime
    trial_ends_at: datetime | None
    is_consumer: bool
    country: str
    items: tuple[ItemFacts, ...]
    paid: tuple[PaidLine, ...]
    terms: dict[str, Any]
    newest: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The policies that the business has written since, by kind; they count beside the terms."""
    is_trial_paid: bool = False
    """Whether a trial ran that wasn't free."""


def facts_of(subscription: Subscription, *, kind: str, at: datetime) -> Facts:
    """Everything a quote depends on. Five queries, and one for an account not loaded yet."""
    today = local_date(at, subscription.timezone)
    # The plan first, then its add-ons as they were taken.
    ever = list(subscription.items.all())
    there = [item for item in ever if item.ends_on is None or item.ends_on > today]
    items = sorted(there, key=lambda item: (item.role != item.Role.BASE, item.id))
    # What was paid for an earlier plan may come back too: all of it to who withdraws, and to others where a policy gives a
    # first payment back, which is that of the purchase, whatever plan stands in its place by now.
    plans = [item for item in ever if item.role == SubscriptionItem.Role.BASE]
    replaced = [item for item in plans if item not in there] if set(plans) & set(there) else []
    paid_for = ever if kind == "withdrawal" else [*items, *replaced]
    lines = _lines(ever)
    return Facts(
        reference=subscription.reference,
        currency=subscription.currency,
        timezone=subscription.timezone,
        kind=kind,
        started_at=subscription.started_at,
        trial_ends_at=subscription.trial_ends_at,
        is_consumer=subscription.account.is_consumer,
        country=subscription.account.country,
        items=tuple(_item_facts(subscription, item, lines, at=at) for item in items),
        paid=_paid_lines(subscription, paid_for, lines, ever=ever, replaced=replaced, kind=kind, at=at),
        terms=subscription.terms,
        newest=newest_policies(),
        is_trial_paid=any(_is_of_trial(line, item) for item in items for line in lines if line.item_id == item.id),
    )


def _is_of_trial(line: InvoiceLine, item: SubscriptionItem) -> bool:
    """Whether a line is what a paid trial cost: its days lie before the item's own."""
    return line.period_start is not None and line.period_start < item.starts_on


def newest_policies(*, by: datetime | None = None) -> dict[str, dict[str, Any]]:
    """The newest text of each kind that the open workspace has written (by a moment); kinds never written are absent."""
    rows = PolicyVersion.objects.filter(made_at__lte=by) if by else PolicyVersion.objects.all()
    found = rows.order_by("kind", "-version").distinct("kind").values_list("kind", "text")
    return dict(found)


def _lines(items: Sequence[SubscriptionItem]) -> list[InvoiceLine]:
    return list(
        InvoiceLine.objects.filter(item_id__in=[item.id for item in items], is_voided=False)
        .exclude(invoice__state=Invoice.State.VOID)
        .select_related("invoice")
        .order_by("period_start", "id")
    )


def _item_facts(
    subscription: Subscription, item: SubscriptionItem, lines: Sequence[InvoiceLine], *, at: datetime
) -> ItemFacts:
    return ItemFacts(
        item_id=str(item.id),
        description=item.description,
        price=Money(item.unit_minor * item.quantity, subscription.currency),
        interval=item.interval,
        paid_through=_paid_through(item, lines, at=at),
        is_addon=item.role == SubscriptionItem.Role.ADDON,
        payments=None if item.is_once else item.payments,
        cycle=item.cycle,
        is_once=item.is_once,
    )


def _paid_through(item: SubscriptionItem, lines: Sequence[InvoiceLine], *, at: datetime) -> date:
    """First local day that was not paid for at a moment: where the first period unpaid then starts, else what is invoiced.

    An unpaid period before a paid one is past: what was paid after it is served all the same.
    """
    own = [line for line in lines if line.item_id == item.id]
    paid = [line for line in own if line.invoice.is_paid and _was_paid(line, at=at)]
    served = max((line.period_end for line in paid if line.period_end is not None), default=item.starts_on)
    unpaid = [line.period_start for line in own if line not in paid and line.period_start is not None]
    return min([start for start in unpaid if start >= served], default=item.charged_through)


def _was_paid(line: InvoiceLine, *, at: datetime) -> bool:
    return line.invoice.paid_at is not None and line.invoice.paid_at <= at


def _paid_lines(
    subscription: Subscription,
    items: Sequence[SubscriptionItem],
    lines: Sequence[InvoiceLine],
    *,
    ever: Sequence[SubscriptionItem],
    replaced: Sequence[SubscriptionItem] = (),
    kind: str,
    at: datetime,
) -> tuple[PaidLine, ...]:
    """Lines of items that may give money back: those whose period runs on; for a withdrawal, all of them.

    Not what the bank gave back. What it is still deciding about is marked: paying back too would pay twice. `ever` is
    every item that the contract had, or as many as matter, and `lines` are theirs. `replaced` are those in whose place
    another stands.
    """
    ended = {item.id: item.ends_on for item in replaced if item.ends_on is not None}
    today = local_date(at, subscription.timezone)
    by_id, past = {item.id: item for item in items}, _Past(ever, lines)
    lines = [line for line in lines if line.item_id in by_id]
    billed = billed_lines({line.invoice_id for line in lines})
    disputed = payments.disputed({line.invoice_id for line in lines})
    held = payments.held(disputed)
    return tuple(
        PaidLine(
            invoice_id=str(line.invoice_id),
            line_id=str(line.id),
            item_id=str(item.id),
            description=line.description,
            period=_served(line, ended.get(item.id)),
            # Instalments of a year are paid for by the year, however short the time between two of them.
            interval=item.cycle.interval if item.cycle else item.interval,
            billed=billed[line.id],
            paid_at=line.invoice.paid_at,
            is_first=past.is_first(line, item),
            first_paid_at=past.first_paid_at(line, item),
            is_held=line.invoice_id in held,
        )
        for line in lines
        if line.item_id is not None and (item := by_id.get(line.item_id)) is not None
        if line.invoice.is_paid and line.period_start and line.period_end and line.invoice.paid_at
        if line.invoice_id not in disputed - held and (kind == "withdrawal" or line.period_end > today)
    )


def _served(line: InvoiceLine, until: date | None) -> Period:
    """The days that a line pays for; those from `until` on came back when another plan took its place."""
    assert line.period_start is not None
    assert line.period_end is not None
    is_cut = until is not None and line.period_start < until < line.period_end
    return Period(line.period_start, until if is_cut and until else line.period_end)


class _Past:
    """What a contract's items were before: which payment was the first for what was bought.

    A plan that took another's place is the same purchase. An add-on is a purchase of its own, and so is a paid trial.
    """

    def __init__(self, ever: Sequence[SubscriptionItem], lines: Sequence[InvoiceLine]) -> None:
        self.plans = {item.id: item for item in ever if item.role == SubscriptionItem.Role.BASE}
        self.paid = [line for line in lines if line.invoice.is_paid and line.invoice.paid_at]

    def is_first(self, line: InvoiceLine, item: SubscriptionItem) -> bool:
        """Whether a line bills an item's first days, and they don't follow on whole periods of the plan before it."""
        assert line.period_start is not None
        return line.period_start <= item.starts_on and not any(
            plan.starts_on < plan.charged_through == line.period_start
            for plan in self.plans.values()
            if item.id in self.plans and plan.id != item.id
        )

    def first_paid_at(self, line: InvoiceLine, item: SubscriptionItem) -> datetime:
        """When what a line bills was first paid for."""
        same = self.plans if item.id in self.plans else {item.id: item}
        if _is_of_trial(line, item):
            same = {}
        found: list[datetime] = [
            one.invoice.paid_at for one in self.paid if one.item_id in same and not _is_of_trial(one, same[one.item_id])
        ]
        if not found:
            return line.invoice.paid_at  # type: ignore[no-any-return]  # who asks knows that it is paid
        return min(found)


def paid_lines_of(subscription: Subscription, item: SubscriptionItem, *, at: datetime) -> tuple[PaidLine, ...]:
    """An item's lines that are paid and whose days run on, without what is disputed. Four queries."""
    return _undisputed(_paid_lines(subscription, [item], _lines([item]), ever=[item], kind="ordinary", at=at))


def _undisputed(lines: Sequence[PaidLine]) -> tuple[PaidLine, ...]:
    return tuple(line for line in lines if not line.is_held)


def standing_items(subscription: Subscription) -> QuerySet[SubscriptionItem]:
    """A contract's items without those whose place another has taken; the plan last. Of one that has ended: its last ones."""
    replaced = subscription.changes.filter(state=PlanChange.State.DONE).values("old_item_id")
    return subscription.items.exclude(id__in=replaced).order_by("role", "id")


def unserved(subscription: Subscription, *, at: datetime) -> tuple[PaidLine, ...]:
    """What is paid for and lies, wholly or in part, after a moment; of a contract that may have ended already."""
    items = list(standing_items(subscription))
    return _undisputed(_paid_lines(subscription, items, _lines(items), ever=items, kind="ordinary", at=at))
