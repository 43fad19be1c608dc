"""Contracts whose next period begins: invoiced, moved on and charged, as many at once as are given; one is a set of one.

A set is three steps, each committed before the next. `_bill` writes invoices with their numbers and entries, moves the
contracts on and writes down the charges (`in_flight`), all under the locks of the contracts: a cancellation comes before
it, and nothing is charged, or after it, and finds the charge. Then the gateway is asked, then the outcomes are entered. A
period can be invoiced once, and an invoice charged once at a time; so whoever is killed in between leaves charges that are
asked about, and cases that are taken up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, rounds, sellers
from plainsail.kernel import due
from plainsail.kernel.periods import local_date
from plainsail.kernel.sets import update_each
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import (
    RENEWABLE,
    Cancellation,
    DunningCase,
    PlanChange,
    PriceNotice,
    Subscription,
    SubscriptionItem,
)
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import (
    billing,
    catching_up,
    charging,
    contracts,
    dunning,
    ending,
    noticing,
    pausing,
    price_rises,
    reminding,
    scheduling,
    swapping,
    winding_down,
)
from plainsail.subscriptions.services.ending import CONTRACTS

AT_ONCE = 100
"""Contracts of one set. Larger ones save little, and all their charges are on their way before the first outcome is known:

a kill leaves that many to be asked about, and who cancels meanwhile is charged and has it all back.
"""


def renewable() -> QuerySet[Subscription]:
    """Running contracts that renew: one whose end is planned doesn't, even where an item of it runs out before that end.

    Unless a later end was asked for: then it is charged until it.
    """
    found: QuerySet[Subscription] = Subscription.objects.filter(RENEWABLE, state__in=RUNNING)
    return found


def charge_at(subscription: Subscription) -> datetime:
    """When a contract that renews is charged: as its period begins, or later where a trial or a letter has it wait."""
    assert subscription.renews_at is not None
    return max(subscription.renews_at, subscription.charge_from or subscription.renews_at)


def ready(until: datetime) -> list[UUID]:
    """Contracts that are due by a moment and have nothing due before that: no letter, no further try, no end of a pause. At most a set.

    The earliest come first, so that numbers ascend with the days. Contracts are strangers to one another: only the order of
    one's own steps matters, and whoever has more than a renewal due is left to the steps one by one.
    """
    tried = DunningCase.objects.filter(closed_at=None, next_try_at__lte=until).values("subscription_id")
    found = (
        renewable()
        .filter(renews_at__lte=until)
        .filter(Q(charge_from=None) | Q(charge_from__lte=until))
        .filter(Q(notice_at=None) | Q(notice_at__gt=until))
        .filter(Q(resumes_at=None) | Q(resumes_at__gt=until))
        .exclude(id__in=tried)
    )
    return list(found.order_by("renews_at", "id").values_list("id", flat=True)[:AT_ONCE])


def renew(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    """Renew a contract that is due by now; nothing happens to one that isn't. Outside any transaction.

    Waits for whoever holds the contract. Raises AlreadyBilled, BadMoney.
    """
    with workspace(workspace_id):
        held = Subscription.objects.select_for_update(of=("self",)).filter(id=subscription_id)
        billed = _bill(_loaded(held), at=at)
    _take(workspace_id, billed, at=at)


def renew_all(workspace_id: UUID, subscription_ids: Sequence[UUID], *, at: datetime) -> int:
    """Renew those of some contracts that are due by now and that nobody else holds; returns how many those were.

    Outside any transaction. Raises AlreadyBilled, BadMoney: then none is renewed.
    """
    with workspace(workspace_id):
        held = Subscription.objects.select_for_update(of=("self",), skip_locked=True).filter(id__in=subscription_ids)
        found = _loaded(held)
        billed = _bill(found, at=at)
    _take(workspace_id, billed, at=at)
    return len(found)


def _loaded(held: QuerySet[Subscription]) -> list[Subscription]:
    """Locked in the order of their ids, and given in that of their days."""
    found = list(held.select_related("account", "workspace").order_by("id"))
    for subscription in found:
        subscription.account.workspace = subscription.workspace
    return sorted((one for one in found if one.renews_at is not None), key=lambda one: (one.renews_at, one.id))


@dataclass
class Billed:
    """What was written down of a set: charges about to be asked for, and invoices (their ids) that go another way."""

    charges: list[Charge] = field(default_factory=list)
    missed: list[UUID] = field(default_factory=list)
    """There is nothing to charge them to."""
    transfers: list[UUID] = field(default_factory=list)
    """Their customer sends the money."""


def _bill(subscriptions: Sequence[Subscription], *, at: datetime) -> Billed:
    """In the transaction that holds the contracts' rows."""
    waiting = [one for one in subscriptions if _is_due(one, at=at)]
    if not waiting:
        return Billed()
    if not sellers.may_sell(sellers.of_workspace(at=at)):
        # Whoever closes charges nobody, and so owes nobody an invoice: a contract ends with the last day that is paid for.
        for subscription in waiting:
            _wind_down(subscription, at=at)
        return Billed()
    usable = _usable_methods(waiting)
    renewing = _those_that_renew(waiting, usable, at=at)
    charged = [one for one in renewing if not _is_by_transfer(one, usable)]
    late = {one.id: charge_at(one) for one in charged if catching_up.is_late(charge_at(one), at=at)}
    invoices = _invoice(renewing, usable, at=at)
    late = {key: due_at for key, due_at in late.items() if invoices[key].due.minor}
    dunning.open_cases([(one, invoices[one.id].id) for one in renewing if one.id not in late], at=at)
    catching_up.leave([(one, invoices[one.id].id, late[one.id]) for one in renewing if one.id in late], at=at)
    return _charges([one for one in renewing if one.id not in late], invoices, usable, at=at)


def _wind_down(subscription: Subscription, *, at: datetime) -> None:
    """End a contract that is due where nothing is sold any more: now, or later if an item of it is paid for longer."""
    until = max(item.charged_through for item in subscription.items.filter(ends_on=None))
    if until > local_date(at, subscription.timezone):
        winding_down.end(subscription, when="period_end", at=at)
    else:
        ending.end(subscription, reason=Subscription.EndReason.SELLER_CLOSED, at=at)


def _is_due(subscription: Subscription, *, at: datetime) -> bool:
    return subscription.may_renew and charge_at(subscription) <= at


def _usable_methods(subscriptions: Sequence[Subscription]) -> dict[UUID, PaymentMethod]:
    ids = {one.payment_method_id for one in subscriptions if one.payment_method_id}
    usable = PaymentMethod.objects.filter(id__in=ids, state=PaymentMethod.State.USABLE)
    return {method.id: method for method in usable.select_related("account")}


def _those_that_renew(
    subscriptions: Sequence[Subscription], usable: dict[UUID, PaymentMethod], *, at: datetime
) -> list[Subscription]:
    """The others rest, end with their trial, or wait for a letter; what a renewal brings with it is done."""
    facts = noticing.facts_of(subscriptions)
    changing = set(
        PlanChange.objects.filter(
            subscription__in=subscriptions, state__in=[PlanChange.State.OPEN, PlanChange.State.PLANNED]
        ).values_list("subscription_id", flat=True)
    )
    repriced = set(
        PriceNotice.objects.filter(item__subscription__in=subscriptions, outcome="").values_list(
            "item__subscription_id", flat=True
        )
    )
    found: list[Subscription] = []
    for subscription in subscriptions:
        is_trial = subscription.state == Subscription.State.TRIALING
        if subscription.state == Subscription.State.PAUSED:
            pausing.rest(subscription, at=at)
            continue
        if is_trial and subscription.payment_method_id not in usable:
            ending.end(subscription, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)
            continue
        if not noticing.is_free(subscription, facts[subscription.id], at=at) and noticing.holds(subscription, at=at):
            continue
        if is_trial:
            noticing.run_on(subscription)
        if subscription.id in changing:
            swapping.before_renewal(subscription, at=at)
        if subscription.id in repriced and price_rises.before_renewal(subscription, at=at):
            continue
        found.append(subscription)
    return found


def _invoice(
    subscriptions: Sequence[Subscription], usable: dict[UUID, PaymentMethod], *, at: datetime
) -> dict[UUID, Invoice]:
    """The invoices of what is due, by contract; the contracts and their items move on. A dozen statements."""
    if not subscriptions:
        return {}
    items, named = _running_items(subscriptions), billing.named_of(subscriptions)
    ready_items = {one.id: scheduling.due_on(items[one.id], _day_of(one)) for one in subscriptions}
    bills = []
    for one in subscriptions:
        lines = [billing.line(one, item) for item in ready_items[one.id]]
        reference, due_on = reminding.terms(one, at=at) if _is_by_transfer(one, usable) else ("", None)
        bills.append(
            rounds.Bill(
                account=one.account, named=named[one.id], lines=lines, payment_reference=reference, due_on=due_on
            )
        )
    invoices = rounds.issue(bills, at=at)
    for subscription in subscriptions:
        for item in ready_items[subscription.id]:
            item.charged_through = billing.coming_days(subscription, item).period.end
        subscription.renews_at = contracts.moment_of(subscription, items[subscription.id])
        subscription.charge_from = None
        subscription.state = Subscription.State.ACTIVE
    update_each([item for found in ready_items.values() for item in found], fields=["charged_through"])
    update_each(subscriptions, fields=["renews_at", "charge_from", "state"])
    if coming := [one.renews_at for one in subscriptions if one.renews_at]:
        due.schedule(CONTRACTS, clocks.wall(min(coming)))
    return {one.id: invoice for one, invoice in zip(subscriptions, invoices, strict=True)}


def _running_items(subscriptions: Sequence[Subscription]) -> dict[UUID, list[SubscriptionItem]]:
    by_id = {one.id: one for one in subscriptions}
    locked = SubscriptionItem.objects.select_for_update(of=("self",)).select_related("product")
    found: dict[UUID, list[SubscriptionItem]] = defaultdict(list)
    for item in locked.filter(subscription__in=subscriptions, ends_on=None).order_by("id"):
        item.subscription = by_id[item.subscription_id]
        found[item.subscription_id].append(item)
    return found


def _day_of(subscription: Subscription) -> date:
    assert subscription.renews_at is not None
    return local_date(subscription.renews_at, subscription.timezone)


def _charges(
    subscriptions: Sequence[Subscription],
    invoices: dict[UUID, Invoice],
    usable: dict[UUID, PaymentMethod],
    *,
    at: datetime,
) -> Billed:
    """Nothing is charged to a contract that somebody has cancelled, but for what the receipt of it names."""
    cancelled = set(
        Cancellation.objects.in_force().filter(subscription__in=subscriptions).values_list("subscription_id", flat=True)
    )
    owing = [
        one
        for one in subscriptions
        if invoices[one.id].due.minor and (one.id not in cancelled or charging.may_be_taken(one, invoices[one.id].id))
    ]
    sent = [invoices[one.id].id for one in owing if _is_by_transfer(one, usable)]
    charged = [one for one in owing if not _is_by_transfer(one, usable)]
    disputed = queries.disputes_of(charged) if charged else {}
    payable, missed = [], []
    for one in charged:
        standing = disputed.get(one.id, queries.UNDISPUTED)
        if standing.is_open:  # their cases find it at their next try, and wait for the bank
            continue
        if one.payment_method_id in usable and one.payment_method_id not in standing.lost:
            payable.append((invoices[one.id], usable[one.payment_method_id]))
        else:
            missed.append(invoices[one.id].id)
    return Billed(rounds.begin(payable, at=at), missed, sent)


def _is_by_transfer(subscription: Subscription, usable: dict[UUID, PaymentMethod]) -> bool:
    method = usable.get(subscription.payment_method_id) if subscription.payment_method_id else None
    return method is not None and method.brand == PaymentMethod.TRANSFER


def _take(workspace_id: UUID, billed: Billed, *, at: datetime) -> None:
    """Have the charges asked for and their outcomes entered; outside any transaction."""
    done = rounds.complete(workspace_id, billed.charges, at=at)
    charging.follow(workspace_id, done, at=at)
    for invoice_id in billed.transfers:
        reminding.chase(workspace_id, invoice_id, at=at)
    for invoice_id in billed.missed:
        with workspace(workspace_id):
            dunning.miss(invoice_id, at=at)
