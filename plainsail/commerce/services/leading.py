"""Purchases that an area above leads somebody to: the checkout knows on whose behalf, and starts with what is known already.

The address says it, signed, so that it holds however often the form is sent; the order keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plainsail.commerce.models import Offer, Order, Price
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.sockets import MAY_BUY
from plainsail.kernel.addresses import public_path
from plainsail.kernel.crypto import BadToken, sign_json, verify_json

LED = "commerce.led"
BY = "by"
"""What an area above writes into a checkout's address: the id of what led there, which the order keeps."""
LED_AGE = 24 * 3600
KNOWN = ("email", "name", "company", "country")


@dataclass(frozen=True)
class Led:
    """On whose behalf somebody buys, and what the form starts with. Empty where nobody was led."""

    bought_for: str = ""
    known: tuple[tuple[str, str], ...] = ()


NOBODY = Led()


def path(offer: Offer, *, bought_for: str, buyer: Buyer) -> str:
    """Path of an offer's checkout for a purchase on somebody's behalf; good for a day."""
    facts = {"offer": str(offer.id), "for": bought_for, **{name: getattr(buyer, name) for name in KNOWN}}
    return f"{public_path('commerce:checkout', offer.slug)}?for={sign_json(LED, facts)}"


def path_by(offer: Offer, key: UUID) -> str:
    """Path of an offer's checkout whose orders say what led there."""
    return f"{public_path('commerce:checkout', offer.slug)}?{BY}={key}"


def read(token: str, offer: Offer) -> Led:
    """What the address of a checkout says. Raises BadToken where it is forged, too old, or another offer's."""
    found = verify_json(LED, token, max_age=LED_AGE)
    if found.get("offer") != str(offer.id):
        raise BadToken
    return Led(str(found["for"]), tuple((name, str(found.get(name, ""))) for name in KNOWN))


def refuse(bought_for: str, *, order_id: UUID | None, price: Price, at: datetime) -> None:
    """Ask whoever leads here whether the purchase may go on, in the workspace. Raises Refusal."""
    if bought_for:
        order = Order.objects.filter(id=order_id).first() if order_id else None
        for may_buy in MAY_BUY:
            may_buy(bought_for, order=order, price=price, at=at)


def refuse_order(order: Order, *, at: datetime) -> None:
    """The same of an order that is about to be charged. Raises Refusal."""
    if order.bought_for and order.is_open:
        line = order.lines.select_related("price").get(position=1)
        refuse(order.bought_for, order_id=order.id, price=line.price, at=at)
