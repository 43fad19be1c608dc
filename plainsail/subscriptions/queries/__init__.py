"""Reading contracts: what a cancellation depends on, whose contract a notice means, what is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import ngettext

from plainsail.commerce.models import Invoice, InvoiceLine, Offer, Order, Price, Product
from plainsail.contacts.sockets import Person
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.payments.models import PaymentMethod
from plainsail.subscriptions.models import (
    Cancellation,
    CancellationRequest,
    CancellationUndo,
    DunningCase,
    PolicyVersion,
    PriceNotice,
    PriceRise,
    Standing,
    Subscription,
    SubscriptionItem,
)
from plainsail.subscriptions.queries.disputes import UNDISPUTED, Disputed, disputes_of, disputes_of_one
from plainsail.subscriptions.queries.paid import (
    Facts,
    ItemFacts,
    PaidLine,
    facts_of,
    newest_policies,
    paid_lines_of,
    standing_items,
    unserved,
)

__all__ = [
    "UNDISPUTED",
    "Disputed",
    "Facts",
    "ItemFacts",
    "PaidLine",
    "disputes_of",
    "disputes_of_one",
    "facts_of",
    "newest_policies",
    "paid_lines_of",
    "standing_items",
    "unserved",
]

UNMATCHED = Q(cancellation=None, repetition=None, settled=None)
"""Declarations that nothing has become of yet."""
RUNNING = (Subscription.State.TRIALING, Subscription.State.ACTIVE, Subscription.State.PAUSED)


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


def contracts(workspace: Workspace, *, state: str, text: str = "") -> QuerySet[Subscription]:
    """Contracts of a state (`running`, `ending`, `ended`), or all, newest first; by the beginning of a reference or an address,

    or a part of a name. Finding by name reads the business's contracts.
    """
    found: QuerySet[Subscription] = workspace.subscriptions.select_related("account").prefetch_related("items")
    conditions = {
        "running": Q(state__in=RUNNING),
        "ending": Q(state__in=RUNNING, scheduled_end_at__isnull=False),
        "ended": ~Q(state__in=RUNNING),
    }
    if text:
        account = Q(account__email__istartswith=text) | Q(account__name__icontains=text)
        found = found.filter(Q(reference__istartswith=text) | account | Q(account__company__icontains=text))
    return found.filter(conditions.get(state, Q())).order_by("-started_at", "-id")


def counts(workspace: Workspace, *, text: str = "") -> dict[str, int]:
    """How many contracts there are in all, run, end soon, have ended; of those found by a text, where there is one."""
    states = ("all", "running", "ending", "ended")
    return {state: contracts(workspace, state=state, text=text).order_by().count() for state in states}


def card_of(subscription: Subscription) -> PaymentMethod | None:
    """What a contract is charged by; nothing where it has none."""
    found: PaymentMethod | None = PaymentMethod.objects.filter(id=subscription.payment_method_id).first()
    return found


@dataclass(frozen=True)
class Paid:
    """Whether a contract is paid, and what of it is still open, tax included."""

    standing: Standing
    open: Money

    @property
    def is_past_due(self) -> bool:
        return self.standing == Standing.PAST_DUE


def paid_of(subscription: Subscription, *, at: datetime) -> Paid:
    """How a contract's invoices stand at a moment: what is asked for and not due yet is no debt. Four queries."""
    today = local_date(at, subscription.timezone)
    failed = set(
        subscription.dunning_cases.filter(Q(tries__gt=0) | Q(late_for__isnull=False), closed_at=None).values_list(
            "invoice_id", flat=True
        )
    )
    invoices = list(invoices_of(subscription).filter(state__in=[Invoice.State.OPEN, Invoice.State.UNCOLLECTIBLE]))
    late = [one for one in invoices if one.id in failed or (one.due_on is not None and one.due_on < today)]
    late = [one for one in late if one.state == Invoice.State.OPEN]
    given_up = [one for one in invoices if one.state == Invoice.State.UNCOLLECTIBLE and one.due.minor > 0]
    standing = Standing.PAST_DUE if late else Standing.UNCOLLECTIBLE if given_up else Standing.CURRENT
    owed = sum(one.due.minor for one in late or given_up)
    return Paid(standing, Money(owed, subscription.currency))


def invoices_of(subscription: Subscription) -> QuerySet[Invoice]:
    """Invoices that bill a contract, newest first."""
    billed = InvoiceLine.objects.filter(item_id__in=list(subscription.items.values_list("id", flat=True)))
    found: QuerySet[Invoice] = Invoice.objects.filter(
        id__in=list(billed.values_list("invoice_id", flat=True))
    ).order_by("-issued_at", "-id")
    return found


def unmatched(workspace: Workspace) -> QuerySet[CancellationRequest]:
    """Declarations that belong to no contract yet; oldest first, because they count from their arrival."""
    found: QuerySet[CancellationRequest] = workspace.cancellation_requests.filter(UNMATCHED)
    return found.order_by("received_at", "id")


def orders_meant(notice: CancellationRequest, *, most: int) -> list[Order]:
    """Paid orders that a declaration without a contract can mean, newest first: by their number, their invoice's, the address."""
    named = str(notice.payload.get("contract", "")).strip()
    meant = Q(email__iexact=notice.email) | Q(number__iexact=named) | Q(invoices__number__iexact=named)
    paid: QuerySet[Order] = Order.objects.filter(meant, state=Order.State.PAID, total_minor__gt=F("refunded_minor"))
    begun = Subscription.objects.filter(order_id__isnull=False).values("order_id")
    return list(paid.exclude(id__in=begun).distinct().order_by("-paid_at", "-id")[:most])


def declarations(workspace: Workspace) -> QuerySet[CancellationRequest]:
    """All declarations, newest first, with what became of them."""
    found: QuerySet[CancellationRequest] = workspace.cancellation_requests.select_related(
        "cancellation__subscription", "cancellation__undo", "repetition__cancellation__subscription", "settled__order"
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
    """Renewals whose charge was declined and that are tried again, the next try first; then those that wait for a bank."""
    unpaid = workspace.dunning_cases.filter(closed_at=None, late_for=None)
    found: QuerySet[DunningCase] = unpaid.filter(Q(tries__gt=0) | Q(next_try_at=None))
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
