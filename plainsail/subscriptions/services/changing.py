"""Another plan in a contract's place: shown, agreed to, paid for, carried out. Or planned, and taken back until its day.

A dearer plan (by the day) begins at once: its first days are charged, and only when they are paid does it take the old
one's place and do the old one's unused days come back. By bank transfer that is the day on which the money comes
(`changing_by_transfer`). A cheaper one begins when the time paid for is over. Whatever
ends, rests or renews the contract before a payment is heard of comes first; the payment then goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Invoice, InvoiceLine, Price
from plainsail.commerce.services import collecting, crediting, invoicing, places, proration, refunding, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import PlanChangePlanned, PlanChangeTakenBack
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import (
    billing,
    change_consents,
    change_letters,
    changing_by_transfer,
    consenting,
    letters,
    planning,
    presses,
    swapping,
    switching,
)
from plainsail.subscriptions.services.cancellation import AlreadyEnded
from plainsail.subscriptions.services.pausing import AmountChanged
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.services.switching import Back, Course, Priced, Quote, Standing

State = PlanChange.State


class NotChangeable(Refusal):
    """The contract stands so that its plan can’t be changed now; the message says why."""

    code = "not_changeable"
    message = gettext_lazy("The plan of this contract can’t be changed at the moment.")


class NotOffered(Refusal):
    """That price isn’t for sale as another plan of this contract."""

    code = "not_offered"
    message = gettext_lazy("This plan isn’t offered (any more). Please choose another.")


class NothingPlanned(Refusal):
    """No change waits."""

    code = "nothing_planned"
    message = gettext_lazy("There is no planned change to take back.")


@dataclass(frozen=True)
class Wanted:
    """A price that is offered as a plan, and the name it is sold by."""

    price: Price
    name: str


def refuse_unchangeable(subscription: Subscription, *, at: datetime) -> None:
    """Raises AlreadyEnded, NotChangeable."""
    if subscription.is_ended:
        raise AlreadyEnded
    if subscription.is_ending:
        raise NotChangeable(
            gettext_lazy("This contract is cancelled. Take the cancellation back first, then change it.")
        )
    if not plan_of(subscription).is_endless:
        raise NotChangeable(
            gettext_lazy("This was bought for a fixed number of payments, so there is no other plan to change to.")
        )
    if subscription.state == Subscription.State.PAUSED:
        raise NotChangeable(gettext_lazy("This contract is paused. Its plan can be changed once it goes on."))
    if queries.has_payment_open(subscription, at=at):
        raise NotChangeable(gettext_lazy("A payment is still open. The plan can be changed once it is settled."))
    if subscription.renews_at is None or subscription.renews_at <= at:
        raise NotChangeable(
            gettext_lazy("This contract is being renewed right now. Please try again in a few minutes.")
        )


def preview(subscription: Subscription, wanted: Wanted, *, at: datetime) -> Quote:
    """What a change would do now, to the cent and the day. Changes nothing. Raises AlreadyEnded, NotChangeable, NotOffered."""
    refuse_unchangeable(subscription, at=at)
    return _quote(subscription, plan_of(subscription), wanted, at=at)


def plan_of(subscription: Subscription) -> SubscriptionItem:
    """The item that is the plan itself."""
    found: SubscriptionItem = (
        subscription.items.filter(role=SubscriptionItem.Role.BASE, ends_on=None)
        .select_related("subscription", "product")
        .get()
    )
    return found


def _quote(subscription: Subscription, old: SubscriptionItem, wanted: Wanted, *, at: datetime) -> Quote:
    price = wanted.price
    interval = price.period_interval
    is_same = price.id == old.price_id
    if (
        interval is None
        or not price.is_endless
        or price.currency != subscription.currency
        or is_same
        or not price.product.is_for_sale
    ):
        raise NotOffered
    each = _gross(subscription, _whole(wanted, old.quantity), at=at)
    standing = Standing(
        anchor_on=subscription.anchor_on,
        timezone=subscription.timezone,
        is_trialing=subscription.state == Subscription.State.TRIALING,
        price=Priced(gross_of(old, at=at), old.interval),
        charged_through=old.charged_through,
        paid=queries.paid_lines_of(subscription, old, at=at),
    )
    course = switching.course(standing, Priced(each, interval), at=at)
    first = _gross(subscription, _first_line(subscription, old, wanted, course), at=at)
    is_now = course.when == "now"
    return Quote(
        price_id=str(price.id),
        description=wanted.name,
        currency=price.currency,
        when=course.when,
        starts_on=course.starts_on,
        each_minor=each.minor,
        interval_unit=interval.unit,
        interval_count=interval.count,
        charge_minor=first.minor if is_now else 0,
        paid_until=course.days.period.end,
        back=course.back,
        next_on=course.next_on,
        next_minor=each.minor if is_now else first.minor,
    )


def _gross(subscription: Subscription, line: invoicing.LineSpec, *, at: datetime) -> Money:
    """What a line comes to for who is billed, tax and all."""
    seller = sellers.of_workspace(at=at)
    where = places.place(seller, billing.named(subscription), on=local_date(at, seller.timezone))
    return invoicing.preview([line], seller=seller, place=where).gross


def _whole(wanted: Wanted, quantity: int) -> invoicing.LineSpec:
    price = wanted.price
    return invoicing.LineSpec(
        description=wanted.name,
        unit=price.amount,
        quantity=quantity,
        product=price.product,
        tax_behavior=price.tax_behavior,
    )


def gross_of(item: SubscriptionItem, *, at: datetime) -> Money:
    """What a whole period of an item comes to, tax included."""
    whole = invoicing.LineSpec(
        description=item.description,
        unit=Money(item.unit_minor, item.subscription.currency),
        quantity=item.quantity,
        product=item.product,
        tax_behavior=item.tax_behavior,
    )
    return _gross(item.subscription, whole, at=at)


def _first_line(
    subscription: Subscription, old: SubscriptionItem, wanted: Wanted, course: Course
) -> invoicing.LineSpec:
    on_paper = PlanChange(new_item_id=new_id(), price=wanted.price, description=wanted.name)
    return billing.line(subscription, planning.successor(on_paper, old, starts_on=course.starts_on))


def choose(
    workspace_id: UUID,
    subscription_id: UUID,
    wanted: Wanted,
    *,
    shown: str,
    trace: Trace,
    at: datetime,
    method_id: UUID | None = None,
    return_path: str = "",
) -> Progress:
    """Change the plan as shown (`shown` is the quote's digest), charged to `method_id` or else to the contract's card.

    Outside any transaction; `at` is the seller's time. Raises AlreadyEnded, NotChangeable, NotOffered, AmountChanged,
    MethodUnusable, SellerClosing.
    """
    with workspace(workspace_id):
        begun = _begin(
            subscription_id, wanted, shown=shown, trace=trace, method_id=method_id, return_path=return_path, at=at
        )
    if isinstance(begun, Progress):
        return begun
    if isinstance(begun, Invoice):
        return changing_by_transfer.ask(workspace_id, begun.id, finish=finish, state_of=_state_of, at=at)
    return _enter(workspace_id, collecting.complete(workspace_id, begun.id, at=at), at=at)


@transaction.atomic
def _begin(
    subscription_id: UUID,
    wanted: Wanted,
    *,
    shown: str,
    trace: Trace,
    method_id: UUID | None,
    return_path: str,
    at: datetime,
) -> Progress | Charge | Invoice:
    """Change, draft and charge are written in one transaction: whatever breaks afterwards, the charge's outcome heals it."""
    seller = sellers.selling(at=at)
    subscription = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("account", "workspace")
        .get(id=subscription_id)
    )
    refuse_unchangeable(subscription, at=at)
    if planning.underway(subscription) is not None:
        raise NotChangeable(gettext_lazy("A change of this plan waits for its payment already."))
    old = plan_of(subscription)
    quote = _quote(subscription, old, wanted, at=at)
    if quote.digest != shown:
        raise AmountChanged
    change = PlanChange(
        id=new_id(),
        subscription=subscription,
        old_item=old,
        new_item_id=new_id(),
        price=wanted.price,
        description=wanted.name[:200],
        state=State.OPEN if quote.when == "now" else State.PLANNED,
        quote=quote.as_json(),
        digest=quote.digest,
        consent=consenting.keep_order(
            change_consents.text(subscription, quote, seller=seller.legal_name), wanted.price, quote, trace=trace, at=at
        ),
        payment_method_id=method_id,
        asked_at=at,
    )
    if quote.when == "now":
        return _begin_now(subscription, change, quote, return_path=return_path, at=at)
    _withdraw_planned(subscription, at=at)
    change.save(force_insert=True)
    if quote.when == "trial":
        swapping.swap_now(subscription, change, quote, at=at)
        return Progress("done")
    publish(
        PlanChangePlanned(
            subscription_id=subscription.id, change_id=change.id, contact_id=subscription.account.contact_id, at=at
        )
    )
    change_letters.planned(change, at=at)
    return Progress("planned")


def _begin_now(
    subscription: Subscription, change: PlanChange, quote: Quote, *, return_path: str, at: datetime
) -> Progress | Charge | Invoice:
    new = planning.successor(change, change.old_item, starts_on=quote.starts_on)
    lines = [billing.line(subscription, new)]
    invoice = invoicing.draft(subscription.account, lines=lines, named=billing.named(subscription), at=at)
    change.invoice_id = invoice.id
    change.save(force_insert=True)
    if not invoice.gross_minor:
        invoicing.finalize(invoice, at=at)
        finish(invoice.id, at=at)
        return Progress("done")
    if change.payment_method_id is None and (asked := changing_by_transfer.issue(subscription, change, invoice, at=at)):
        return asked
    method = presses.usable_method(subscription, change.payment_method_id or subscription.payment_method_id)
    if method.is_by_transfer:
        raise NotChangeable(
            gettext_lazy("This contract is paid by bank transfer. Enter a card below to change it now.")
        )
    return presses.begin(invoice, method, return_path=return_path, at=at)


def _enter(workspace_id: UUID, charge: Charge, *, at: datetime) -> Progress:
    return presses.outcome(workspace_id, charge, finish=finish, fail=_drop_unpaid, state_of=_state_of, at=at)


def _state_of(invoice_id: UUID) -> str:
    return str(PlanChange.objects.get(invoice_id=invoice_id).state)


@transaction.atomic
def finish(invoice_id: UUID, *, at: datetime) -> None:
    """A change's invoice is paid: carry it out, or give the money back where something else came first. Safe to repeat."""
    found = _locked(invoice_id)
    if found is None:
        return
    subscription, change = found
    if not Invoice.objects.get(id=invoice_id).is_paid:
        return
    if not _may_go_on(subscription, change):
        planning.drop(change, at=at)
        return
    asked_at, quote = change.asked_at, switching.from_json(change.quote)
    if change.is_by_transfer:
        asked_at, of_today = at, _of_today(subscription, change, quote, at=at)
        if of_today is None:
            planning.drop(change, at=at)
            return
        changing_by_transfer.keep_to_days(subscription, change, quote, of_today, at=at)
        quote = of_today
    swapping.swap_now(subscription, change, quote, at=at)
    _give_back(subscription, change, quote, asked_at=asked_at, at=at)


def _of_today(subscription: Subscription, change: PlanChange, asked: Quote, *, at: datetime) -> Quote | None:
    """A change as it is on the day on which its money came; None where it would be another one than was asked for."""
    try:
        found = _quote(subscription, change.old_item, Wanted(change.price, change.description), at=at)
    except NotOffered:
        return None
    is_same = (found.when, found.paid_until, found.each_minor) == (asked.when, asked.paid_until, asked.each_minor)
    return found if is_same and found.charge_minor <= asked.charge_minor else None


@transaction.atomic
def lapse(change_id: UUID, *, at: datetime) -> None:
    """The bank transfer for a change didn't come in time. Safe to repeat."""
    change = PlanChange.objects.get(id=change_id)
    if change.lapses_at is not None and change.lapses_at <= at and change.invoice_id:
        fail(change.invoice_id, at=at)


@transaction.atomic
def fail(invoice_id: UUID, *, at: datetime) -> None:
    """A change's charge was declined, and nobody is there to be told on a page. Safe to repeat."""
    found = _locked(invoice_id)
    if found is not None:
        _subscription, change = found
        planning.drop(change, at=at)
        change_letters.not_changed(change, at=at)


@transaction.atomic
def _drop_unpaid(invoice_id: UUID, *, at: datetime) -> None:
    found = _locked(invoice_id)
    if found is not None:
        planning.drop(found[1], at=at)


def _locked(invoice_id: UUID) -> tuple[Subscription, PlanChange] | None:
    """The contract and its change that waits for an invoice, locked in this order; None where none waits any more."""
    change = PlanChange.objects.filter(invoice_id=invoice_id).first()
    if change is None:
        return None
    subscription = Subscription.objects.select_for_update().get(id=change.subscription_id)
    change = (
        PlanChange.objects.select_for_update(of=("self",))
        .select_related("price__product", "old_item__product", "subscription__account", "workspace")
        .get(id=change.id)
    )
    return (subscription, change) if change.state == State.OPEN else None


def _may_go_on(subscription: Subscription, change: PlanChange) -> bool:
    """Whether nothing else came first: the contract runs, isn't cancelled, and the plan is still the one to be replaced."""
    runs = subscription.state == Subscription.State.ACTIVE and not subscription.is_ending
    return runs and change.old_item.ends_on is None


def _give_back(
    subscription: Subscription, change: PlanChange, quote: Quote, *, asked_at: datetime, at: datetime
) -> None:
    """The old plan's unused days, as quoted; less only where a refund or the bank took of them meanwhile."""
    with translation.override(letters.language_of(subscription)):
        reason = _("Contract %(number)s: other plan") % {"number": subscription.reference}
    left = {one.line_id: one for one in queries.paid_lines_of(subscription, change.old_item, at=asked_at)}
    promised = sorted((one for one in quote.back if one.line_id in left), key=lambda one: one.invoice_id)
    for invoice_id, backs in groupby(promised, lambda one: one.invoice_id):
        parts = [part for one in backs if (part := _part(one, left[one.line_id].billed, quote.currency)).amount]
        if parts:
            note = crediting.credit(Invoice.objects.get(id=invoice_id), parts=parts, reason=reason, at=at)
            refunding.pay_back(note, at=at)


def _part(back: Back, billed: proration.Billed, currency: str) -> crediting.CreditPart:
    """Cut as it was quoted, so that the same cents come out."""
    line = InvoiceLine.objects.get(id=back.line_id)
    if back.net_minor is None:
        return crediting.CreditPart(line=line, amount=Money(min(back.gross_minor, billed.left.gross), currency))
    return crediting.CreditPart(line=line, amount=Money(min(back.net_minor, billed.left.net), currency), of="net")


@transaction.atomic
def take_back(subscription: Subscription, *, at: datetime) -> None:
    """A planned change doesn't come: the contract renews as before. Raises NothingPlanned."""
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    change = planning.planned(locked)
    if change is None:
        raise NothingPlanned
    _withdraw_planned(locked, at=at)
    publish(
        PlanChangeTakenBack(subscription_id=locked.id, change_id=change.id, contact_id=locked.account.contact_id, at=at)
    )
    change_letters.taken_back(change, at=at)


def _withdraw_planned(subscription: Subscription, *, at: datetime) -> None:
    subscription.changes.filter(state=State.PLANNED).update(state=State.TAKEN_BACK, settled_at=at)


def look_up(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> Progress | None:
    """How the change that waits for its payment stands, asking the gateway; None where none waits. Outside any transaction."""
    with workspace(workspace_id):
        charge = _charge_underway(subscription_id)
        if asked := _asked_for(subscription_id):
            return changing_by_transfer.asked_for(asked)
    if charge is None:
        return None
    return _enter(workspace_id, collecting.look_up(workspace_id, charge.id, at=at), at=at)


def give_up(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> Progress | None:
    """End a change whose bank check wasn't finished, or whose transfer hasn't come; if it was paid meanwhile, it is carried

    out. Outside any transaction.
    """
    with workspace(workspace_id):
        asked = _asked_for(subscription_id)
        if asked is not None:
            finish(asked, at=at)
            _drop_unpaid(asked, at=at)
            return Progress("done" if _state_of(asked) == State.DONE else "declined")
        charge = _charge_underway(subscription_id)
    if charge is None:
        return None
    return _enter(workspace_id, collecting.give_up(workspace_id, charge.id, at=at), at=at)


def _asked_for(subscription_id: UUID) -> UUID | None:
    """The invoice of a change that waits for a bank transfer."""
    rows = PlanChange.objects.filter(subscription_id=subscription_id, state=State.OPEN, lapses_at__isnull=False)
    found: UUID | None = rows.values_list("invoice_id", flat=True).first()
    return found


def _charge_underway(subscription_id: UUID) -> Charge | None:
    rows = PlanChange.objects.filter(subscription_id=subscription_id, state=State.OPEN, lapses_at=None)
    change = rows.first()
    return payments.charges_of(change.invoice_id)[-1] if change is not None and change.invoice_id else None
