"""Buying once more with the card that has just paid: one button that names the price, for an hour after a purchase.

The browser keeps which order was paid, signed; nothing of the card. What is bought so is one order for each step that offers
it, so that a form sent twice, from two windows or after going back, charges once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plainsail.commerce.models import Offer, Order, Seller
from plainsail.commerce.services import checkout, sellers, terms
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.checkout import Progress, Trace
from plainsail.commerce.services.vat import Ruling
from plainsail.kernel.crypto import BadToken, sign_json, verify_json
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import PaymentMethod

PURPOSE = "commerce.just_bought"
FOR = 3600
"""Seconds after a purchase in which its card may be used once more."""
TIME_BYTES = 6
VERSION, VARIANT = 0x70, 0x80


@dataclass(frozen=True, kw_only=True)
class OneClick:
    """An offer as it is sold to somebody who has just paid for another one, and the card that would be charged."""

    offer: Offer
    seller: Seller
    earlier: Order
    method: PaymentMethod
    order_id: UUID
    quote: terms.Quote
    terms: str
    sentence: str
    attempt: str

    @property
    def ruling(self) -> Ruling:
        return self.quote.each.lines[0].ruling


def remembered(order: Order) -> str:
    """What the buyer's browser keeps of a paid order."""
    return sign_json(PURPOSE, {"order": str(order.id)})


def recall(token: str) -> Order | None:
    """The paid order that a browser brings back within the hour, with its way of paying; in the workspace."""
    try:
        key = UUID(verify_json(PURPOSE, token, max_age=FOR)["order"])
    except (BadToken, KeyError, ValueError):
        return None
    found: Order | None = Order.objects.select_related("method").filter(id=key).first()
    return found if found is not None and found.is_paid else None


def offered(offer: Offer, *, earlier: Order, place_key: UUID, at: datetime) -> OneClick | None:
    """An offer to the buyer of an earlier order, at one place; `at` is the seller's time. In the workspace.

    None where their card can't be charged again: it was a transfer, it was removed, or another account sells now.
    Raises SellerClosing.
    """
    seller, method = sellers.selling(at=at), earlier.method
    if method is None or not method.is_usable or method.is_by_transfer:
        return None
    if earlier.mode != seller.mode or method.account_id != seller.gateway_account_id:
        return None
    named = checkout.identified(_buyer(earlier), seller=seller, at=at)
    quote = terms.quote(offer.price, seller=seller, at=at, place=checkout.place_of(named, seller=seller, at=at))
    text = checkout.agreed_text(quote, seller=seller, name=offer.name, named=named)
    order_id = order_key(earlier, place_key)
    return OneClick(
        offer=offer,
        seller=seller,
        earlier=earlier,
        method=method,
        order_id=order_id,
        quote=quote,
        terms=text,
        sentence=terms.sentence_of(quote),
        attempt=checkout.new_attempt(offer, terms=text, order_id=order_id),
    )


def order_key(earlier: Order, place_key: UUID) -> UUID:
    """The id of the order that is made of one offer after one purchase: always the same, and a UUIDv7 of the time of the purchase."""
    drawn = bytearray(hashlib.blake2b(earlier.id.bytes + place_key.bytes, digest_size=16).digest())
    drawn[:TIME_BYTES] = earlier.id.bytes[:TIME_BYTES]
    drawn[6], drawn[8] = VERSION | drawn[6] & 0x0F, VARIANT | drawn[8] & 0x3F
    return UUID(bytes=bytes(drawn))


def buy(workspace_id: UUID, shown: OneClick, *, attempt: str, trace: Trace, return_path: str, at: datetime) -> Progress:
    """Place the order under the terms that were shown, and charge the card; outside any transaction.

    Raises StaleAttempt and what placing and charging raise: TotalChanged, ChargeUnderway, MethodUnusable, TooManyTries.
    """
    read = checkout.read_attempt(attempt, shown.offer)
    if read.order_id != shown.order_id:
        raise checkout.StaleAttempt
    with workspace(workspace_id):
        checkout.place(shown.offer, attempt=read, buyer=_buyer(shown.earlier), trace=trace, at=at)
    return _pay(workspace_id, shown.order_id, method_id=shown.method.id, return_path=return_path, at=at)


def _pay(workspace_id: UUID, order_id: UUID, *, method_id: UUID, return_path: str, at: datetime) -> Progress:
    standing = checkout.clear_the_way(workspace_id, order_id, at=at)
    if standing.state in {"paid", "processing"}:
        return standing
    with workspace(workspace_id):
        sellers.selling(at=at)
        method = PaymentMethod.objects.get(id=method_id)
        order = Order.objects.get(id=order_id)
        Order.objects.filter(id=order_id, state=Order.State.OPEN).update(method=method)
    if order.total_minor == 0:
        return checkout.begin_trial(workspace_id, order_id, method, at=at)
    return checkout.charge_by(workspace_id, order_id, method, return_path=return_path, at=at)


def _buyer(order: Order) -> Buyer:
    """Whoever bought before, as they typed it then."""
    return Buyer(
        email=order.email,
        name=order.name,
        company=order.company,
        country=order.country,
        vat_id=order.vat_id,
        locale=order.locale,
    )
