"""Offers as price cards on pages show them, with the price that the checkout asks for."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import get_language

from plainsail.blocks.sockets import OfferCard, Option
from plainsail.commerce.models import Offer, Price, Seller
from plainsail.commerce.services import invoicing, shapes, terms
from plainsail.kernel.addresses import public_path


def options() -> list[Option]:
    """What can be sold from a page, by name. Two queries."""
    seller = Seller.objects.first()
    offers = Offer.objects.live().select_related("price__product").order_by("name", "id")
    return [Option(offer.id, f"{offer.name}, {_words(offer.price, seller)}") for offer in offers]


def cards(ids: Collection[UUID]) -> dict[UUID, OfferCard]:
    """Those of these offers that can be bought, in the active language. Two queries."""
    seller = Seller.objects.first()
    offers = Offer.objects.live().filter(id__in=ids).select_related("price__product")
    return {
        offer.id: OfferCard(
            url=public_path("commerce:checkout", offer.slug),
            name=offer.name,
            price=_amount(offer.price, seller),
            per=_beside(offer.price),
        )
        for offer in offers
    }


def _words(price: Price, seller: Seller | None) -> str:
    return f"{_amount(price, seller)} {_beside(price)}".strip()


def _beside(price: Price) -> str:
    return shapes.beside(terms.shape_of(price))


def _amount(price: Price, seller: Seller | None) -> str:
    """With tax, as buyers pay it. Before the business is a seller there is no tax to know of."""
    spec = terms.spec(price, description="")
    amount = invoicing.preview([spec], seller=seller).gross if seller else price.amount
    return amount.format(get_language() or "en")
