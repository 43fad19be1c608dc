"""Offers as price cards on pages show them, with the price that the checkout asks for."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import get_language

from plainsail.blocks.sockets import OfferCard, Option
from plainsail.commerce.models import Offer, Price, Seller
from plainsail.commerce.services import invoicing, shapes, terms
from plainsail.kernel.addresses import public_path
from plainsail.kernel.money import Money


def options() -> list[Option]:
    """What can be sold from a page, by name. Two queries."""
    seller = Seller.objects.first()
    offers = Offer.objects.live().select_related("price__product").order_by("name", "id")
    return [Option(offer.id, f"{offer.name}, {_words(offer.price, seller)}") for offer in offers]


def cards(ids: Collection[UUID]) -> dict[UUID, OfferCard]:
    """Those of these offers that can be bought, in the active language. Two queries."""
    seller = Seller.objects.first()
    offers = Offer.objects.live().filter(id__in=ids).select_related("price__product")
    return {offer.id: _card(offer, seller) for offer in offers}


def _card(offer: Offer, seller: Seller | None) -> OfferCard:
    gross = _gross(offer.price, seller)
    return OfferCard(
        url=public_path("commerce:checkout", offer.slug),
        name=offer.name,
        price=gross.format(get_language() or "en"),
        per=_beside(offer.price),
        amount=str(gross.decimal),
        currency=gross.currency,
    )


def _words(price: Price, seller: Seller | None) -> str:
    return f"{_gross(price, seller).format(get_language() or 'en')} {_beside(price)}".strip()


def _beside(price: Price) -> str:
    return shapes.beside(terms.shape_of(price))


def _gross(price: Price, seller: Seller | None) -> Money:
    """With tax, as buyers pay it. Before the business is a seller there is no tax to know of."""
    spec = terms.spec(price, description="")
    return invoicing.preview([spec], seller=seller).gross if seller else price.amount
