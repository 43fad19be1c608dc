"""A purchase from the form to the receipt. Everything that talks to a gateway runs outside any transaction.

The form carries a signed attempt: which order it will be, for which price as shown. Pressing twice, going back or
sending it again leads to that one order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.events import CheckoutStarted
from plainsail.commerce.models import (
    ConsentRecord,
    Invoice,
    InvoiceLine,
    NumberSeries,
    Offer,
    Order,
    OrderLine,
    Seller,
)
from plainsail.commerce.services import (
    buyers,
    clocks,
    collecting,
    fulfilling,
    invoicing,
    lapsing,
    leading,
    numbering,
    places,
    sellers,
    terms,
    vat_checks,
)
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.places import Named, Place
from plainsail.commerce.sockets import RECURRING
from plainsail.kernel.crypto import BadToken, sign_json, verify_json
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import accounts, declines, methods
from plainsail.payments.services.charging import ChargeUnderway

ATTEMPT = "commerce.attempt"
ATTEMPT_AGE = 24 * 3600
MAX_CHARGES = 10
"""Tries per order: enough for a person with a wallet, too few for somebody who tries out stolen cards."""


class StaleAttempt(Refusal):
    """The form is too old, forged, or for what is no longer sold at that price."""

    code = "stale_attempt"
    message = _("This page was open for a while and the offer may have changed. Please look at the total again.")


class TooManyTries(Refusal):
    """The order was tried too often."""

    code = "too_many_tries"
    message = _("That were many tries. Please contact us, or start again later.")
    status = 429


class TotalChanged(Refusal):
    """With what the buyer entered, other tax is due than the page showed."""

    code = "total_changed"
    message = _("With your country or VAT id the total is another one. Please look at it again before you buy.")
    status = 422


class NotSold(Refusal):
    """Nobody is here to look after contracts, or the price can't be sold."""

    code = "not_sold"
    message = _("This offer can’t be bought at the moment.")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Where an order came from; `came_by` is what led its buyer to the checkout, if an area above did."""

    ip: str | None = None
    user_agent: str = ""
    came_by: UUID | None = None


@dataclass(frozen=True)
class Progress:
    """How an order stands for its buyer: `paid`, `declined` with `words`, `action` with `url`, or `processing`.

    `transfer` waits for the buyer's bank transfer.

    `open` is an order of which nothing was asked of a bank yet; `url` is then the gateway's page, where the card is missing.
    """

    state: Literal["paid", "declined", "action", "processing", "open", "lapsed", "transfer"]
    words: str | Promise = ""
    url: str = ""


@dataclass(frozen=True)
class Attempt:
    """What a form's token stands for: which order it is to be, and a digest of the terms as they were shown."""

    order_id: UUID
    terms: str


def new_attempt(offer: Offer, *, terms: str, order_id: UUID | None = None) -> str:
    """The token of a form for an offer under terms as shown; for an order that is to be tried again, or a new one."""
    facts = {"order": str(order_id or new_id()), "offer": str(offer.id), "price": str(offer.price_id)}
    return sign_json(ATTEMPT, facts | {"terms": digest(terms)})


def read_attempt(token: str, offer: Offer) -> Attempt:
    """What a form's token stands for. Raises StaleAttempt."""
    try:
        found = verify_json(ATTEMPT, token, max_age=ATTEMPT_AGE)
        if (found["offer"], found["price"]) != (str(offer.id), str(offer.price_id)):
            raise StaleAttempt
        return Attempt(UUID(found["order"]), str(found["terms"]))
    except (BadToken, KeyError, ValueError) as error:
        raise StaleAttempt from error


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@transaction.atomic
def place(offer: Offer, *, attempt: Attempt, buyer: Buyer, trace: Trace, at: datetime, bought_for: str = "") -> Order:
    """The order of an attempt, made if need be with its consent record and a draft invoice; `at` is the seller's time.

    An order that isn't paid yet takes over what the buyer typed now; a paid one stays as it is.
    Raises StaleAttempt (another offer's order, other terms than shown), TotalChanged, NotSold, SellerClosing, BadAddress,
    and what `leading.refuse` does.
    """
    _one_at_a_time(attempt)
    seller = sellers.selling(at=at)
    # Invoice before order, as where a payment is entered.
    list(Invoice.objects.select_for_update().filter(order_id=attempt.order_id).order_by("id").values("id"))
    found = Order.objects.select_for_update().filter(id=attempt.order_id).first()
    if found is not None:
        if found.offer_id != offer.id or (bought_for and bought_for != found.bought_for):
            raise StaleAttempt
        leading.refuse_order(found, at=at)
        return _retyped(found, buyer, attempt=attempt, trace=trace, at=at)
    price = offer.price
    leading.refuse(bought_for, order_id=None, price=price, at=at)
    if price.begins_contract and not len(RECURRING):
        raise NotSold
    named = identified(buyer, seller=seller, at=at)
    made = terms.quote(price, seller=seller, at=at, place=place_of(named, seller=seller, at=at))
    text = agreed_text(made, seller=seller, name=offer.name, named=named)
    if digest(text) != attempt.terms:
        at_home = terms.quote(price, seller=seller, at=at)
        is_shown = digest(terms.consent(at_home, seller=seller, name=offer.name)) == attempt.terms
        raise TotalChanged if is_shown else StaleAttempt
    account = buyers.account_of(buyer, at=at)
    agreed = _agreed(made, text, trace, at=at)
    order = Order(
        id=attempt.order_id,
        number=numbering.take(NumberSeries.Series.ORDER, mode=seller.mode, at=at)[0],
        offer=offer,
        billing_account=account,
        consent=agreed,
        mode=seller.mode,
        email=account.email,
        name=buyer.name,
        company=buyer.company,
        country=buyer.country,
        vat_id=named.vat_id,
        vat_check=named.vat_check,
        locale=buyer.locale,
        currency=price.currency,
        total_minor=made.today.minor,
        bought_for=bought_for,
        came_by=trace.came_by,
        created_at=at,
    )
    order.save(force_insert=True)
    lapsing.watch(order, at=at)
    line = _line(order, offer, made, at=at)
    if order.total_minor:
        invoicing.draft(account, lines=[_spec(line, offer, made)], order=order, at=at)
    publish(CheckoutStarted(order_id=order.id, product_id=price.product_id, contact_id=account.contact_id, at=at))
    return order


def _one_at_a_time(attempt: Attempt) -> None:
    """Have the same form, sent twice at once, wait for itself before it holds anything else: else the two deadlock."""
    key = int.from_bytes(attempt.order_id.bytes[-8:], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def identified(buyer: Buyer, *, seller: Seller, at: datetime) -> Named:
    """A buyer by what decides their tax: their id only where the seller takes ids, and what VIES said of it, if it is asked."""
    vat_id = buyer.vat_id if places.takes_vat_ids(seller) else ""
    named = Named(
        name=buyer.name, company=buyer.company, email=buyer.email, country=buyer.country, vat_id=vat_id, vat_check=""
    )
    if not places.is_asked(seller, named):
        return named
    return replace(named, vat_check=vat_checks.standing(vat_id, at=at))


def place_of(named: Named, *, seller: Seller, at: datetime) -> Place:
    """Where a purchase is taxed at a moment of the seller's time."""
    return places.place(seller, named, on=local_date(at, seller.timezone))


def agreed_text(made: terms.Quote, *, seller: Seller, name: str, named: Named) -> str:
    """The exact words that a buyer agrees to; who is charged tax only because VIES is silent agrees to that, too."""
    text = terms.consent(made, seller=seller, name=name)
    if not any(line.ruling.may_drop for line in made.each.lines):
        return text
    unsure = gettext(
        "My VAT id can’t be checked at the moment, so I pay the tax for now. My invoice follows once it is checked; "
        "if the id is valid, the tax is paid back to me."
    )
    return f"{text} {unsure}"


def _agreed(made: terms.Quote, text: str, trace: Trace, *, at: datetime) -> ConsentRecord:
    price = made.price
    agreed: ConsentRecord = ConsentRecord.objects.create(
        text=text,
        price=price,
        amount_minor=made.each.gross.minor,
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        initial_minor=made.initial.gross.minor if made.initial else 0,
        ip=trace.ip,
        user_agent=trace.user_agent[:400],
        at=at,
        created_at=at,
    )
    return agreed


def _retyped(order: Order, buyer: Buyer, *, attempt: Attempt, trace: Trace, at: datetime) -> Order:
    if order.is_paid:
        return order
    if order.has_lapsed:
        raise StaleAttempt
    if order.pay_by is not None:
        # Its invoice is numbered and told already: it is paid as it stands, in whatever way.
        return order
    account = buyers.account_of(buyer, at=at)
    named = identified(buyer, seller=sellers.of_workspace(at=at), at=at)
    if named.buying != places.of_order(order).buying:
        _retax(order, named, attempt=attempt, trace=trace, at=at)
    order.billing_account, order.email, order.name = account, account.email, buyer.name
    order.company, order.country, order.locale = buyer.company, buyer.country, buyer.locale
    order.vat_id, order.vat_check = named.vat_id, named.vat_check
    order.save()
    kept = asdict(replace(named, email=account.email))
    Invoice.objects.filter(order=order, state=Invoice.State.DRAFT).update(billing_account=account, buyer=kept)
    return order


def _retax(order: Order, named: Named, *, attempt: Attempt, trace: Trace, at: datetime) -> None:
    """Somewhere else, or as somebody else, other tax is due: the draft follows, once the buyer has seen its total.

    Raises TotalChanged, ChargeUnderway (the old total may be being paid at this moment).
    """
    seller, line = sellers.of_workspace(at=at), order.lines.select_related("price__product").get()
    made = terms.quote(line.price, seller=seller, at=at, place=place_of(named, seller=seller, at=at))
    is_unsure = "pending" in {named.vat_check, order.vat_check}
    initial_minor = made.initial.gross.minor if made.initial else 0
    agreed = order.consent.amount_minor, order.consent.initial_minor
    if (made.each.gross.minor, initial_minor) != agreed or is_unsure:
        text = agreed_text(made, seller=seller, name=line.description, named=named)
        if digest(text) != attempt.terms:
            raise TotalChanged
        if any(charge.is_open for charge in _charges(order.id)):
            raise ChargeUnderway
        order.consent = _agreed(made, text, trace, at=at)
        order.total_minor = line.gross_minor = made.today.minor
        line.save(update_fields=["gross_minor"])
    for draft in Invoice.objects.filter(order=order, state=Invoice.State.DRAFT):
        invoicing.retax(draft, named=named, at=at)


def _line(order: Order, offer: Offer, made: terms.Quote, *, at: datetime) -> OrderLine:
    line: OrderLine = OrderLine.objects.create(
        order=order,
        position=1,
        price=offer.price,
        product=offer.price.product,
        description=offer.name,
        unit_minor=offer.price.unit_minor,
        gross_minor=made.today.minor,
        item_id=new_id() if offer.price.begins_contract else None,
        period_start=made.period.start if made.period else None,
        period_end=made.period.end if made.period else None,
        trial_ends_on=made.trial_ends_on,
        created_at=at,
    )
    return line


def _spec(line: OrderLine, offer: Offer, made: terms.Quote) -> invoicing.LineSpec:
    if made.initial:
        return _trial_spec(line, offer)
    return invoicing.LineSpec(
        description=offer.name,
        unit=offer.price.amount,
        product=offer.price.product,
        tax_behavior=offer.price.tax_behavior,
        kind=InvoiceLine.Kind.RECURRING if made.period else InvoiceLine.Kind.ONE_OFF,
        item_id=line.item_id,
        period_start=line.period_start,
        period_end=line.period_end,
    )


def _trial_spec(line: OrderLine, offer: Offer) -> invoicing.LineSpec:
    """What a paid trial costs: no period of the contract's, which begin after it, but days that are paid for."""
    price = offer.price
    days = ngettext("%(name)s, %(days)d day on trial", "%(name)s, %(days)d days on trial", price.trial_days)
    return replace(
        terms.spec(price, description=days % {"name": offer.name, "days": price.trial_days}, unit=price.initial),
        item_id=line.item_id,
        period_start=line.period_start,
        period_end=line.period_end,
    )


def pay(workspace_id: UUID, order_id: UUID, *, fields: Mapping[str, str], return_path: str, at: datetime) -> Progress:
    """Pay an order by what the buyer typed of their card; `at` is the seller's time. Outside any transaction.

    A payment that waits for the bank's check is given up for the new one. Raises CardRefused, TooManyTries,
    ChargeUnderway, SellerClosing.
    """
    standing = clear_the_way(workspace_id, order_id, at=at)
    if standing.state in {"paid", "processing"}:
        return standing
    with workspace(workspace_id):
        order = Order.objects.get(id=order_id)
        needs_method = order.total_minor > 0 or order.lines.filter(item_id__isnull=False).exists()
        seller, wall = sellers.selling(at=at), clocks.wall(at)
        if order.mode != seller.mode:
            raise StaleAttempt
        if not needs_method:
            fulfilling.fulfil(order_id, method_id=None, at=at)
            return Progress("paid")
    method = methods.add(
        workspace_id,
        account_id=seller.gateway_account_id,
        payer_key=order.billing_account_id,
        fields=fields,
        verify=order.total_minor == 0,
        return_path=return_path,
        at=wall,
    )
    with workspace(workspace_id):
        Order.objects.filter(id=order_id, state=Order.State.OPEN).update(method=method)
    if order.total_minor == 0:
        return begin_trial(workspace_id, order_id, method, at=at)
    if method.state == PaymentMethod.State.REQUIRES_ACTION:
        # The card is entered at the gateway's; `resuming` charges it once it is there.
        return Progress("action", url=method.action_url)
    return charge_by(workspace_id, order_id, method, return_path=return_path, at=at)


def clear_the_way(workspace_id: UUID, order_id: UUID, *, at: datetime) -> Progress:
    with workspace(workspace_id):
        if Order.objects.get(id=order_id).is_paid:
            return Progress("paid")
        charges = _charges(order_id)
    if len(charges) >= MAX_CHARGES:
        raise TooManyTries
    last = charges[-1] if charges else None
    if last is None or not last.is_open:
        return Progress("open")
    if last.state == Charge.State.REQUIRES_ACTION:
        return _told(collecting.give_up(workspace_id, last.id, at=at))
    return Progress("processing")


def _charges(order_id: UUID) -> list[Charge]:
    drafts = Invoice.objects.filter(order_id=order_id).values("id")
    return list(Charge.objects.filter(subject_id__in=drafts).select_related("method").order_by("created_at", "id"))


def charge_by(workspace_id: UUID, order_id: UUID, method: PaymentMethod, *, return_path: str, at: datetime) -> Progress:
    with workspace(workspace_id):
        invoice_id = Invoice.objects.filter(order_id=order_id).values_list("id", flat=True).get()
    try:
        done = collecting.charge(
            workspace_id, invoice_id, method_id=method.id, initiator="customer", return_path=return_path, at=at
        )
    except collecting.NothingDue:
        return Progress("paid")
    return _told(done)


def _told(charge: Charge) -> Progress:
    if charge.has_succeeded:
        return Progress("paid")
    if charge.was_declined:
        return Progress("declined", words=declines.words(charge.decline_class, charge.decline_code))
    if charge.state == Charge.State.REQUIRES_ACTION:
        return Progress("action", url=charge.action_url)
    return Progress("processing")


def begin_trial(workspace_id: UUID, order_id: UUID, method: PaymentMethod, *, at: datetime) -> Progress:
    """Nothing is charged today, but the card must be good."""
    if method.state == PaymentMethod.State.REQUIRES_ACTION:
        return Progress("action", url=method.action_url)
    if not method.is_usable:
        return Progress("declined", words=declines.OTHERWISE)
    with workspace(workspace_id):
        fulfilling.fulfil(order_id, method_id=method.id, at=at)
    return Progress("paid")


def proceed(workspace_id: UUID, order_id: UUID, *, at: datetime) -> Progress:
    """How an order stands now; asks the gateway where that isn't known. Outside any transaction. Raises Order.DoesNotExist."""
    with workspace(workspace_id):
        order = Order.objects.select_related("method__account").get(id=order_id)
        charges, wall = _charges(order_id), clocks.wall(at)
    if (known := _without_asking(order)) is not None:
        return known
    if order.method is not None and not accounts.takes_card_fields(order.method.account):
        return _after_gateway(workspace_id, order, order.method, charges, at=at)
    if order.total_minor == 0 and order.method is not None:
        method = methods.confirm(workspace_id, order.method_id, at=wall)
        return begin_trial(workspace_id, order_id, method, at=at)
    if not charges:
        return Progress("open")
    last = charges[-1]
    return _told(collecting.look_up(workspace_id, last.id, at=at) if last.is_open else last)


def _without_asking(order: Order) -> Progress | None:
    """How an order stands where no gateway has to be asked; None where one has."""
    if order.is_paid:
        return Progress("paid")
    if order.has_lapsed:
        return Progress("lapsed")
    return Progress("transfer") if order.method is not None and order.method.is_by_transfer else None


def way_out(order: Order) -> str:
    """Where an order's buyer is to go on, at the gateway's or the bank's; empty where nowhere. In the workspace, two queries."""
    if not order.is_open:
        return ""
    waiting = [charge for charge in _charges(order.id) if charge.state == Charge.State.REQUIRES_ACTION]
    if waiting:
        return str(waiting[-1].action_url)
    method = PaymentMethod.objects.filter(id=order.method_id).first()
    return str(method.action_url) if method else ""


def _after_gateway(
    workspace_id: UUID, order: Order, method: PaymentMethod, charges: list[Charge], *, at: datetime
) -> Progress:
    """How an order stands whose card is entered at the gateway's. Charging it is a job's work: here it is only asked about."""
    tried = [charge for charge in charges if charge.method_id == method.id]
    if tried:
        last = tried[-1]
        return _told(collecting.look_up(workspace_id, last.id, at=at) if last.is_open else last)
    with workspace(workspace_id):
        sellers.selling(at=at)
        wall = clocks.wall(at)
    try:
        method = methods.confirm(workspace_id, method.id, at=wall)
    except methods.GatewaySilent:
        return Progress("processing")
    if method.state == PaymentMethod.State.REQUIRES_ACTION:
        return Progress("open", url=method.action_url)
    if not method.is_usable:
        return Progress("declined", words=declines.words("", "abandoned"))
    if order.total_minor == 0:
        return begin_trial(workspace_id, order.id, method, at=at)
    return Progress("processing")
