"""Reading contracts: what a cancellation depends on, whose contract a notice means, what is due next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import ngettext

from plainsail.commerce.models import Invoice, InvoiceLine, Offer, Price, Product
from plainsail.commerce.services.crediting import billed_lines
from plainsail.commerce.services.proration import Billed
from plainsail.contacts.sockets import Person
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Cycle, Interval, Period, local_date
from plainsail.payments import queries as payments
from plainsail.payments.models import PaymentMethod
from plainsail.subscriptions.models import (
    Cancellation,
    CancellationRequest,
    CancellationUndo,
    DunningCase,
    PlanChange,
    PolicyVersion,
    PriceNotice,
    PriceRise,
    Subscription,
    SubscriptionItem,
)

RUNNING = (Subscription.State.TRIALING, Subscription.State.ACTIVE, Subscription.State.PAUSED)


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
    is_there = Q(ends_on=None) | Q(ends_on__gt=local_date(at, subscription.timezone))
    # The plan first, then its add-ons as they were taken.
    items = sorted(subscription.items.filter(is_there), key=lambda item: (item.role != item.Role.BASE, item.id))
    # Who withdraws gets back what was paid for an earlier plan of the contract too.
    paid_for = list(subscription.items.all()) if kind == "withdrawal" else items
    lines = _lines(paid_for)
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
        paid=_paid_lines(subscription, paid_for, lines, kind=kind, at=at),
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
    """First local day that was not paid for at a moment: where the first period unpaid then starts, else what is invoiced."""
    unpaid = [
        line.period_start
        for line in lines
        if line.item_id == item.id and not (line.invoice.is_paid and _was_paid(line, at=at))
    ]
    return min([start for start in unpaid if start is not None], default=item.charged_through)


def _was_paid(line: InvoiceLine, *, at: datetime) -> bool:
    return line.invoice.paid_at is not None and line.invoice.paid_at <= at


def _paid_lines(
    subscription: Subscription,
    items: Sequence[SubscriptionItem],
    lines: Sequence[InvoiceLine],
    *,
    kind: str,
    at: datetime,
) -> tuple[PaidLine, ...]:
    """Lines that may give money back: those whose period runs on; for a withdrawal, all of them.

    Not what the bank gave back. What it is still deciding about is marked: paying back too would pay twice.
    """
    today = local_date(at, subscription.timezone)
    by_id = {item.id: item for item in items}
    billed = billed_lines({line.invoice_id for line in lines})
    disputed = payments.disputed({line.invoice_id for line in lines})
    held = payments.held(disputed)
    return tuple(
        PaidLine(
            invoice_id=str(line.invoice_id),
            line_id=str(line.id),
            item_id=str(item.id),
            description=line.description,
            period=Period(line.period_start, line.period_end),
            # Instalments of a year are paid for by the year, however short the time between two of them.
            interval=item.cycle.interval if item.cycle else item.interval,
            billed=billed[line.id],
            paid_at=line.invoice.paid_at,
            is_first=line.period_start <= item.starts_on,
            is_held=line.invoice_id in held,
        )
        for line in lines
        if line.item_id is not None and (item := by_id.get(line.item_id)) is not None
        if line.invoice.is_paid and line.period_start and line.period_end and line.invoice.paid_at
        if line.invoice_id not in disputed - held and (kind == "withdrawal" or line.period_end > today)
    )


def paid_lines_of(subscription: Subscription, item: SubscriptionItem, *, at: datetime) -> tuple[PaidLine, ...]:
    """An item's lines that are paid and whose days run on, without what is disputed. Four queries."""
    return _undisputed(_paid_lines(subscription, [item], _lines([item]), kind="ordinary", at=at))


def _undisputed(lines: Sequence[PaidLine]) -> tuple[PaidLine, ...]:
    return tuple(line for line in lines if not line.is_held)


def other_offers(subscription: Subscription, plan: SubscriptionItem) -> list[Offer]:
    """Live offers of other recurring prices of the plan's product, in the contract's currency; each price once, cheapest first."""
    found = (
        Offer.objects.live()
        .filter(price__product=plan.product_id, price__currency=subscription.currency)
        .exclude(price__interval="")
        .filter(price__payments=None)
        .exclude(price_id=plan.price_id)
        .select_related("price__product")
        .order_by("price__unit_minor", "name", "id")
    )
    return list({offer.price_id: offer for offer in reversed(found)}.values())[::-1]


def standing_items(subscription: Subscription) -> QuerySet[SubscriptionItem]:
    """A contract's items without those whose place another has taken; the plan last. Of one that has ended: its last ones."""
    replaced = subscription.changes.filter(state=PlanChange.State.DONE).values("old_item_id")
    return subscription.items.exclude(id__in=replaced).order_by("role", "id")


def unserved(subscription: Subscription, *, at: datetime) -> tuple[PaidLine, ...]:
    """What is paid for and lies, wholly or in part, after a moment; of a contract that may have ended already."""
    items = list(standing_items(subscription))
    return _undisputed(_paid_lines(subscription, items, _lines(items), kind="ordinary", at=at))


def find_contract(workspace: Workspace, *, email: str, contract: str) -> Subscription | None:
    """The one contract that a public notice can mean: by its number, an invoice's number, or an address on file.

    One that is over only where its own number or invoice is named, or nothing of that address runs. Nothing where none or
    several fit: then a person decides.
    """
    wanted = contract.strip()
    everything: QuerySet[Subscription] = workspace.subscriptions.all()
    running, over = everything.filter(state__in=RUNNING), everything.exclude(state__in=RUNNING)
    of_address = Q(account__email__in={wanted.lower(), email.strip().lower()})
    for rows in (
        everything.filter(reference__iexact=wanted),
        everything.filter(items__id__in=_items_on_invoice(workspace, wanted)),
        running.filter(of_address),
        over.filter(of_address),
    ):
        found = list(rows.order_by("id").distinct()[:2])
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _items_on_invoice(workspace: Workspace, number: str) -> list[UUID]:
    lines = workspace.invoice_lines.filter(invoice__number__iexact=number)
    return [item_id for item_id in lines.values_list("item_id", flat=True) if item_id is not None]


def last_cancellation(subscription: Subscription) -> Cancellation | None:
    """The latest cancellation of a contract, taken back or not."""
    found: Cancellation | None = subscription.cancellations.order_by("-matched_at", "-id").first()
    return found


def of_contact(workspace: Workspace, contact_id: UUID) -> QuerySet[Subscription]:
    """A customer's contracts, running ones first."""
    return workspace.subscriptions.filter(account__contact_id=contact_id).order_by("ended_at", "-started_at")


def running_contracts(person: Person) -> list[str]:
    """Contracts of somebody that still run, as a sentence."""
    number = Subscription.objects.filter(account__contact_id__in=person.ids, state__in=RUNNING).count()
    words = ngettext("%(number)d contract still runs.", "%(number)d contracts still run.", number)
    return [words % {"number": number}] if number else []


def of_invoice(invoice_id: UUID) -> Subscription | None:
    """The contract that an invoice bills, if it bills one."""
    item_ids = InvoiceLine.objects.filter(invoice_id=invoice_id, item_id__isnull=False).values_list(
        "item_id", flat=True
    )
    found: Subscription | None = Subscription.objects.filter(items__id__in=list(item_ids)).distinct().first()
    # What pays for a change bills an item that takes its place only afterwards.
    return found or Subscription.objects.filter(changes__invoice_id=invoice_id).first()


def in_force(subscription: Subscription) -> Cancellation | None:
    """The cancellation that stands for a contract, if any."""
    found: Cancellation | None = (
        Cancellation.objects.in_force().filter(subscription=subscription).order_by("-matched_at").first()
    )
    return found


def is_undone(made: Cancellation) -> bool:
    """Whether somebody took it back by now."""
    return bool(CancellationUndo.objects.filter(cancellation=made).exists())


def contracts(workspace: Workspace, *, state: str) -> QuerySet[Subscription]:
    """Contracts of a state (`running`, `ending`, `ended`), or all, newest first."""
    found: QuerySet[Subscription] = workspace.subscriptions.select_related("account").prefetch_related("items")
    conditions = {
        "running": Q(state__in=RUNNING),
        "ending": Q(state__in=RUNNING, scheduled_end_at__isnull=False),
        "ended": ~Q(state__in=RUNNING),
    }
    return found.filter(conditions.get(state, Q())).order_by("-started_at", "-id")


def counts(workspace: Workspace) -> dict[str, int]:
    """How many contracts there are in all, run, end soon, have ended."""
    states = ("all", "running", "ending", "ended")
    return {state: contracts(workspace, state=state).order_by().count() for state in states}


def invoices_of(subscription: Subscription) -> QuerySet[Invoice]:
    """Invoices that bill a contract, newest first."""
    billed = InvoiceLine.objects.filter(item_id__in=list(subscription.items.values_list("id", flat=True)))
    found: QuerySet[Invoice] = Invoice.objects.filter(
        id__in=list(billed.values_list("invoice_id", flat=True))
    ).order_by("-issued_at", "-id")
    return found


def unmatched(workspace: Workspace) -> QuerySet[CancellationRequest]:
    """Declarations that belong to no contract yet; oldest first, because they count from their arrival."""
    return workspace.cancellation_requests.filter(cancellation=None, repetition=None).order_by("received_at", "id")


def declarations(workspace: Workspace) -> QuerySet[CancellationRequest]:
    """All declarations, newest first, with what became of them."""
    found: QuerySet[CancellationRequest] = workspace.cancellation_requests.select_related(
        "cancellation__subscription", "cancellation__undo", "repetition__cancellation__subscription"
    )
    return found.order_by("-received_at", "-id")


def of_order(order_id: UUID) -> Subscription | None:
    """The contract that an order began, if it began one."""
    found: Subscription | None = Subscription.objects.filter(order_id=order_id).first()
    return found


def charged_through(account_id: UUID) -> int:
    """How many running contracts have a method of this gateway account. One query."""
    methods = PaymentMethod.objects.filter(account_id=account_id).values("id")
    return int(Subscription.objects.filter(state__in=RUNNING, payment_method_id__in=methods).count())


@dataclass(frozen=True)
class Recovery:
    """Renewals whose first charge was declined since a day, in one currency, and what became of them by now."""

    currency: str
    declined: int
    paid: int
    open: int
    paid_minor: int

    @property
    def amount(self) -> Money:
        """What came in after all, tax included."""
        return Money(self.paid_minor, self.currency)

    @property
    def is_settled(self) -> bool:
        """Whether any of them is."""
        return self.declined > self.open

    @property
    def percent(self) -> int:
        """Of those that aren't open any more. Nothing where all are."""
        settled = self.declined - self.open
        return (200 * self.paid + settled) // (2 * settled) if settled else 0


def overdue(workspace: Workspace) -> QuerySet[DunningCase]:
    """Renewals whose charge was declined and that are tried again, the next try first."""
    found: QuerySet[DunningCase] = workspace.dunning_cases.filter(closed_at=None, tries__gt=0, late_for=None)
    return found.select_related("subscription__account").order_by("next_try_at", "id")


def late(workspace: Workspace) -> QuerySet[DunningCase]:
    """Renewals that weren't charged in time and wait for staff, the oldest first."""
    found: QuerySet[DunningCase] = workspace.dunning_cases.filter(closed_at=None, late_for__isnull=False)
    return found.select_related("subscription__account").order_by("late_for", "id")


def recovery(workspace: Workspace, *, since: datetime) -> list[Recovery]:
    """What became of the renewals declined since a moment, by currency. One query."""
    cases = workspace.dunning_cases.filter(opened_at__gte=since, tries__gt=0)
    # What was forgiven is settled, and didn't come in.
    paid, still_open = (
        Q(state=Invoice.State.PAID, paid_minor__gt=0),
        Q(id__in=cases.filter(closed_at=None).values("invoice_id")),
    )
    rows = (
        workspace.invoices.filter(id__in=cases.order_by().values("invoice_id"))
        .values("currency")
        .annotate(
            declined=Count("id"),
            paid=Count("id", filter=paid),
            still_open=Count("id", filter=still_open & ~paid),
            paid_minor=Sum("paid_minor", filter=paid),
        )
        .order_by("currency")
    )
    return [
        Recovery(row["currency"], row["declined"], row["paid"], row["still_open"], int(row["paid_minor"] or 0))
        for row in rows
    ]


def policy_history(workspace: Workspace) -> QuerySet[PolicyVersion]:
    """Every version of every policy of a business, newest first."""
    return workspace.policy_versions.order_by("-made_at", "-version", "-id")


def recurring_prices(workspace: Workspace, *, most: int) -> list[Price]:
    """Prices that are paid again and again until they are cancelled, of products for sale, newest first."""
    found = workspace.prices.filter(product__state="active", payments=None).exclude(interval="")
    found = found.select_related("product")
    return list(found.order_by("-created_at", "-id")[:most])


def recurring_products(workspace: Workspace) -> QuerySet[Product]:
    """Products for sale that are paid again and again, by name."""
    recurring = workspace.prices.exclude(interval="").values("product_id")
    found: QuerySet[Product] = workspace.products.filter(state="active", id__in=recurring)
    return found.order_by("name", "id")


def has_payment_open(subscription: Subscription, *, at: datetime) -> bool:
    """Whether something is still to be paid: a renewal that failed, or days given ahead of a bank transfer, which may never
    come. Two queries.
    """
    if subscription.dunning_cases.filter(closed_at=None).exists():
        return True
    lines = list(
        InvoiceLine.objects.filter(item_id__in=subscription.items.values("id")).values_list(
            "invoice__state", "is_voided", "period_end"
        )
    )
    today = local_date(at, subscription.timezone)
    billed = [(state, end) for state, is_voided, end in lines if not is_voided and state != Invoice.State.VOID]
    if lines and not billed:
        return True  # what was given ahead has lapsed, and the contract is about to hear of it
    return any(
        state == Invoice.State.OPEN or (state == Invoice.State.UNCOLLECTIBLE and end is not None and end > today)
        for state, end in billed
    )


def is_asked_for_more(subscription: Subscription) -> bool:
    """Whether the customer was told of a new price and it isn't settled yet, nor agreed to. One query."""
    asked = PriceNotice.objects.filter(item__subscription=subscription, outcome="", consent=None)
    return bool(asked.exclude(delivery_id=None).exists())


def rising_prices(workspace: Workspace) -> QuerySet[Price]:
    """Prices that are paid again and again, by product and amount: what contracts have, and what they could have."""
    found: QuerySet[Price] = workspace.prices.exclude(interval="").select_related("product")
    return found.order_by("product__name", "unit_minor", "id")


def price_rises(workspace: Workspace) -> QuerySet[PriceRise]:
    """Planned prices, newest first, with how many contracts wait, agreed, pay the new price, the old one, or ended. One query."""
    found: QuerySet[PriceRise] = workspace.price_rises.select_related("old_price__product", "new_price")
    is_open = Q(notices__outcome="")
    return found.annotate(
        waiting=Count("notices", filter=is_open),
        told=Count("notices", filter=is_open & Q(notices__written_at__isnull=False)),
        agreed=Count("notices", filter=is_open & Q(notices__consent__isnull=False)),
        risen=Count("notices", filter=Q(notices__outcome="risen")),
        kept=Count("notices", filter=Q(notices__outcome="kept")),
        ended=Count("notices", filter=Q(notices__outcome="ended")),
    ).order_by("-planned_at", "-id")
