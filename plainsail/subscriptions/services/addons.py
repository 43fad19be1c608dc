"""Add-ons for a running contract: offered by the owner, shown with what they cost, agreed to, paid for, begun.

An add-on has an interval of its own; its boundaries come from the contract's anchor, so it pays its part of the period that
runs and meets the plan again. It ends with the contract, and can be taken out by itself (`addon_removals`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Invoice, Offer, Price, Product
from plainsail.commerce.services import clocks, collecting, invoicing, places, sellers, shapes
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import AddonAdded
from plainsail.subscriptions.models import AddonOffer, AddonOrder, Subscription, SubscriptionItem
from plainsail.subscriptions.services import (
    access,
    addon_letters,
    billing,
    consenting,
    contracts,
    dunning,
    letters,
    presses,
    reminding,
)
from plainsail.subscriptions.services.cancellation import AlreadyEnded
from plainsail.subscriptions.services.changing import NotOffered
from plainsail.subscriptions.services.ending import CONTRACTS
from plainsail.subscriptions.services.pausing import AmountChanged
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.services.promises import Promise

State = AddonOrder.State


class NotNow(Refusal):
    """The contract stands so that nothing can be added now; the message says why."""

    code = "addon_not_now"
    message = gettext_lazy("Nothing can be added to this contract at the moment.")


@dataclass(frozen=True)
class Quote(Promise):
    """What adding does. Amounts are minor units of `currency`, tax included; nothing is charged now while a trial runs."""

    price_id: str
    description: str
    currency: str
    starts_on: date
    each_minor: int
    interval_unit: str
    interval_count: int
    charge_minor: int
    paid_until: date
    next_on: date
    next_minor: int

    @property
    def each(self) -> Money:
        return Money(self.each_minor, self.currency)

    @property
    def charge(self) -> Money:
        return Money(self.charge_minor, self.currency)

    @property
    def next_charge(self) -> Money:
        return Money(self.next_minor, self.currency)

    @property
    def every(self) -> str:
        return shapes.every(self.interval_unit, self.interval_count)

    @property
    def paid_last(self) -> date:
        """The last day that is paid for at once, as people name it."""
        return self.paid_until - timedelta(days=1)


def from_json(stored: dict[str, Any]) -> Quote:
    """A stored quote as it was made."""
    days = {name: date.fromisoformat(stored[name]) for name in ("starts_on", "paid_until", "next_on")}
    return Quote(**stored | days)


def offered(subscription: Subscription, *, at: datetime) -> list[Offer]:
    """What may be added to a contract: live offers of add-on products that it doesn't have, paid until cancelled. Two queries."""
    # One whose end is planned can be kept; buying it anew would pay for the same days twice.
    is_leaving = Q(removals__undone_at=None, removals__effective_at__gt=at)
    taken = subscription.items.filter(Q(ends_on=None) | is_leaving)
    products = set(taken.values_list("product_id", flat=True))
    addons = AddonOffer.objects.filter(base_id__in=products).exclude(addon_id__in=products).values("addon_id")
    found = (
        Offer.objects.live()
        .filter(price__product__in=addons, price__currency=subscription.currency)
        .filter(price__payments=None, price__trial_days=0)
        .exclude(price__interval="")
        .select_related("price__product")
        .order_by("name", "price__unit_minor", "id")
    )
    return list({offer.price_id: offer for offer in found}.values())


def is_of_interest(subscription: Subscription, *, at: datetime) -> bool:
    """Whether a contract has add-ons, or could have: worth a link."""
    has_some = subscription.items.filter(role=SubscriptionItem.Role.ADDON, ends_on=None).exists()
    return not subscription.is_ended and (has_some or bool(offered(subscription, at=at)))


def refuse(subscription: Subscription, *, at: datetime) -> None:
    """Raises AlreadyEnded, NotNow."""
    if subscription.is_ended:
        raise AlreadyEnded
    if subscription.is_ending:
        raise NotNow(gettext_lazy("This contract is cancelled. Take the cancellation back first, then add to it."))
    if subscription.state == Subscription.State.PAUSED:
        raise NotNow(gettext_lazy("This contract is paused. You can add to it once it goes on."))
    if queries.has_payment_open(subscription, at=at):
        raise NotNow(gettext_lazy("A payment is still open. You can add to this contract once it is settled."))
    if subscription.renews_at is None or subscription.renews_at <= at:
        raise NotNow(gettext_lazy("This contract is being renewed right now. Please try again in a few minutes."))


def preview(subscription: Subscription, offer: Offer, *, at: datetime) -> Quote:
    """What adding would do now, to the cent and the day. Changes nothing. Raises AlreadyEnded, NotNow, NotOffered."""
    refuse(subscription, at=at)
    price, interval = offer.price, offer.price.period_interval
    if interval is None or price.currency != subscription.currency or not price.product.is_for_sale:
        raise NotOffered
    is_trialing = subscription.state == Subscription.State.TRIALING
    starts_on = subscription.anchor_on if is_trialing else local_date(at, subscription.timezone)
    first = billing.line(subscription, _item(subscription, offer.name, price, starts_on))
    paid_until = first.period_end
    assert paid_until is not None  # a recurring line has its period
    following = billing.line(subscription, _item(subscription, offer.name, price, paid_until))
    charge, then = (_gross(subscription, line, at=at).minor for line in (first, following))
    return Quote(
        price_id=str(price.id),
        description=offer.name,
        currency=price.currency,
        starts_on=starts_on,
        each_minor=then,
        interval_unit=interval.unit,
        interval_count=interval.count,
        charge_minor=0 if is_trialing else charge,
        paid_until=starts_on if is_trialing else paid_until,
        next_on=starts_on if is_trialing else paid_until,
        next_minor=charge if is_trialing else then,
    )


def _item(
    subscription: Subscription, name: str, price: Price, starts_on: date, *, item_id: UUID | None = None
) -> SubscriptionItem:
    """The item on paper, nothing of it charged for yet. Not saved."""
    return SubscriptionItem(
        id=item_id or new_id(),
        subscription=subscription,
        product=price.product,
        price_id=price.id,
        role=SubscriptionItem.Role.ADDON,
        description=name[:200],
        unit_minor=price.unit_minor,
        tax_behavior=price.tax_behavior,
        interval_unit=price.interval,
        interval_count=price.interval_count,
        starts_on=starts_on,
        charged_through=starts_on,
    )


def _gross(subscription: Subscription, line: invoicing.LineSpec, *, at: datetime) -> Money:
    seller = sellers.of_workspace(at=at)
    where = places.place(seller, billing.named(subscription), on=local_date(at, seller.timezone))
    return invoicing.preview([line], seller=seller, place=where).gross


def consent_text(subscription: Subscription, quote: Quote, *, seller: str) -> str:
    """The exact words that are agreed to by pressing the button, in the active language."""
    facts = {
        "addon": quote.description,
        "contract": subscription.reference,
        "seller": seller,
        "each": addon_letters.shown(quote.each),
        "every": quote.every,
        "charge": addon_letters.shown(quote.charge),
        "next": addon_letters.shown(quote.next_charge),
        "day": addon_letters.day_of(quote.next_on),
    }
    words = _(
        "I add “%(addon)s” to contract %(contract)s with %(seller)s, %(each)s %(every)s until I cancel. %(charge)s is "
        "charged now, and %(next)s on %(day)s. It ends with the contract; I can take it out online at any time."
    )
    return words % facts


def choose(
    workspace_id: UUID,
    subscription_id: UUID,
    offer: Offer,
    *,
    shown: str,
    trace: Trace,
    return_path: str,
    at: datetime,
) -> Progress:
    """Add as shown (`shown` is the quote's digest), charged as the contract is; by bank transfer it begins at once.

    Outside any transaction; `at` is the seller's time. Raises AlreadyEnded, NotNow, NotOffered, AmountChanged,
    MethodUnusable, SellerClosing.
    """
    with workspace(workspace_id):
        begun = _begin(subscription_id, offer, shown=shown, trace=trace, return_path=return_path, at=at)
    if begun is None:
        return Progress("done")
    if isinstance(begun, Invoice):
        reminding.chase(workspace_id, begun.id, at=at)
        return Progress("done")
    return _enter(workspace_id, collecting.complete(workspace_id, begun.id, at=at), at=at)


@transaction.atomic
def _begin(
    subscription_id: UUID, offer: Offer, *, shown: str, trace: Trace, return_path: str, at: datetime
) -> Charge | Invoice | None:
    """Order, invoice and charge are written in one transaction: whatever breaks afterwards, the charge's outcome heals it."""
    seller = sellers.selling(at=at)
    subscription = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("account", "workspace")
        .get(id=subscription_id)
    )
    if offer.price_id not in {one.price_id for one in offered(subscription, at=at)}:
        raise NotOffered
    quote = preview(subscription, offer, at=at)
    if quote.digest != shown:
        raise AmountChanged
    order = AddonOrder(
        id=new_id(),
        subscription=subscription,
        item_id=new_id(),
        price=offer.price,
        description=offer.name[:200],
        quote=quote.as_json(),
        digest=quote.digest,
        consent=consenting.keep_order(
            consent_text(subscription, quote, seller=seller.legal_name), offer.price, quote, trace=trace, at=at
        ),
        asked_at=at,
    )
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError as error:
        if "addon_order_one_open" not in str(error):
            raise
        raise NotNow(gettext_lazy("Something that you added waits for its payment already.")) from error
    if not quote.charge_minor:
        _carry_out(subscription, order, at=at)
        return None
    return _bill(subscription, order, quote, return_path=return_path, at=at)


def _bill(
    subscription: Subscription, order: AddonOrder, quote: Quote, *, return_path: str, at: datetime
) -> Charge | Invoice:
    item = _item(subscription, order.description, order.price, quote.starts_on, item_id=order.item_id)
    reference, due_on = reminding.terms(subscription, at=at)
    lines, named = [billing.line(subscription, item)], billing.named(subscription)
    if reference:
        asked = invoicing.issue(
            subscription.account, lines=lines, named=named, payment_reference=reference, due_on=due_on, at=at
        )
        _note_invoice(order, asked)
        dunning.open_cases([(subscription, asked.id)], at=at)
        _carry_out(subscription, order, at=at)
        return asked
    invoice = invoicing.draft(subscription.account, lines=lines, named=named, at=at)
    _note_invoice(order, invoice)
    method = presses.usable_method(subscription, subscription.payment_method_id)
    return presses.begin(invoice, method, return_path=return_path, at=at)


def _note_invoice(order: AddonOrder, invoice: Invoice) -> None:
    order.invoice_id = invoice.id
    order.save(update_fields=["invoice_id"])


def _carry_out(subscription: Subscription, order: AddonOrder, *, at: datetime) -> None:
    """The add-on begins, paid until the day that the quote says. The contract's row is locked by the caller."""
    quote = from_json(order.quote)
    item = _item(subscription, order.description, order.price, quote.starts_on, item_id=order.item_id)
    item.charged_through = quote.paid_until
    item.save(force_insert=True)
    order.state, order.settled_at = State.DONE, at
    order.save(update_fields=["state", "settled_at"])
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.notice_for = None  # what is charged when has changed: the letters are worked out anew
    subscription.save(update_fields=["renews_at", "notice_for"])
    if subscription.renews_at is not None:
        due.schedule(CONTRACTS, clocks.wall(subscription.renews_at))
    access.give(subscription, at=at)
    publish(
        AddonAdded(
            subscription_id=subscription.id,
            item_id=item.id,
            product_id=item.product_id,
            contact_id=subscription.account.contact_id,
            at=at,
        )
    )
    addon_letters.added(order, quote, at=at)


def _enter(workspace_id: UUID, charge: Charge, *, at: datetime) -> Progress:
    return presses.outcome(workspace_id, charge, finish=finish, fail=fail, state_of=_state_of, at=at)


def _state_of(invoice_id: UUID) -> str:
    return str(AddonOrder.objects.get(invoice_id=invoice_id).state)


@transaction.atomic
def finish(invoice_id: UUID, *, at: datetime) -> None:
    """An add-on's invoice is paid: it begins, or the money goes back where the contract ended first. Safe to repeat."""
    found = _locked(invoice_id)
    if found is None or not Invoice.objects.get(id=invoice_id).is_paid:
        return
    subscription, order = found
    if subscription.is_ended or subscription.is_ending:
        _drop(order, at=at)
        return
    _carry_out(subscription, order, at=at)


@transaction.atomic
def fail(invoice_id: UUID, *, at: datetime) -> None:
    """An add-on's charge was declined: nothing is added. Safe to repeat."""
    found = _locked(invoice_id)
    if found is not None:
        _drop(found[1], at=at)


def _locked(invoice_id: UUID) -> tuple[Subscription, AddonOrder] | None:
    """The contract and its order that waits for an invoice, locked in this order; None where none waits any more."""
    order = AddonOrder.objects.filter(invoice_id=invoice_id).first()
    if order is None:
        return None
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    subscription = rows.get(id=order.subscription_id)
    order = AddonOrder.objects.select_for_update(of=("self",)).select_related("price__product").get(id=order.id)
    return (subscription, order) if order.state == State.OPEN else None


def _drop(order: AddonOrder, *, at: datetime) -> None:
    """Give an order up. Its draft is cancelled; what was paid for it goes back."""
    order.state, order.settled_at = State.DROPPED, at
    order.save(update_fields=["state", "settled_at"])
    with translation.override(letters.language_of(order.subscription)):
        reason = _("Nothing was added to contract %(number)s") % {"number": order.subscription.reference}
    presses.unbill(order.invoice_id, reason=reason, at=at)


def look_up(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> Progress | None:
    """How what waits for its payment stands, asking the gateway; None where nothing waits. Outside any transaction."""
    with workspace(workspace_id):
        order = AddonOrder.objects.filter(subscription_id=subscription_id, state=State.OPEN).first()
        charges = payments.charges_of(order.invoice_id) if order is not None and order.invoice_id else []
    if not charges:
        return None
    return _enter(workspace_id, collecting.look_up(workspace_id, charges[-1].id, at=at), at=at)


def standing(subscription: Subscription, *, at: datetime) -> list[SubscriptionItem]:
    """A contract's add-ons that run, those whose end is planned among them. One query."""
    today = local_date(at, subscription.timezone)
    rows = subscription.items.filter(role=SubscriptionItem.Role.ADDON).exclude(ends_on__lte=today)
    return list(rows.select_related("subscription", "product").order_by("starts_on", "id"))


@transaction.atomic
def offer_to(base: Product, addon: Product, *, at: datetime) -> AddonOffer:
    """Let whoever has a contract for one product add another to it; twice is fine."""
    made: AddonOffer
    made, _is_new = AddonOffer.objects.get_or_create(base=base, addon=addon, defaults={"created_at": at})
    return made


def stop_offering(offer: AddonOffer) -> None:
    """Nobody can add it any more; contracts that have it keep it."""
    AddonOffer.objects.filter(id=offer.id).delete()
