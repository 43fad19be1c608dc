"""Products, prices and offers: made, changed, archived. A price is never changed; another one is made."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Offer, Price, Product, Supply, TaxBehavior
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.pages.services import publishing


class AddressInUse(Refusal):
    """Another checkout page has this address."""

    code = "address_in_use"
    message = _("Another checkout page has this address already.")


@dataclass(frozen=True, kw_only=True)
class PriceTerms:
    """What a price is made of; `interval` is empty for one paid once."""

    amount: Money
    interval: str = ""
    interval_count: int = 1
    trial_days: int = 0
    tax_behavior: str = TaxBehavior.INCLUSIVE


@transaction.atomic
def create_product(
    *,
    name: str,
    at: datetime,
    terms: PriceTerms,
    description: str = "",
    tax_rate: Decimal | None = None,
    supply: str = Supply.ONLINE,
) -> Product:
    """A product with its first price, and an offer that sells it under an address made from the name."""
    product: Product = Product.objects.create(
        name=name, description=description, tax_rate=tax_rate, supply=supply, created_at=at
    )
    add_price(product, terms=terms, at=at)
    return product


@transaction.atomic
def change_product(product: Product, *, name: str, description: str, tax_rate: Decimal | None, supply: str) -> Product:
    """Change words and tax from now on; documents made already stay as they are."""
    product.name, product.description = name, description
    product.tax_rate, product.supply = tax_rate, supply
    product.save(update_fields=["name", "description", "tax_rate", "supply"])
    return product


@transaction.atomic
def archive(product: Product, *, at: datetime) -> None:
    """Take a product off sale. Its checkout pages close and pages stop leading there; contracts and orders go on."""
    Product.objects.filter(id=product.id).update(state=Product.State.ARCHIVED)
    _show_anew(product, at=at)


@transaction.atomic
def restore(product: Product, *, at: datetime) -> None:
    """Undo `archive`."""
    Product.objects.filter(id=product.id).update(state=Product.State.ACTIVE)
    _show_anew(product, at=at)


def _show_anew(product: Product, *, at: datetime) -> None:
    for offer_id in Offer.objects.filter(price__product=product).order_by("id").values_list("id", flat=True):
        publishing.refresh_showing("offer", offer_id, at=at)


@transaction.atomic
def add_price(product: Product, *, terms: PriceTerms, at: datetime) -> Offer:
    """Another price of a product, with an offer that sells it. Raises BadMoney (a negative amount)."""
    price = Price.objects.create(
        product=product,
        currency=terms.amount.currency,
        unit_minor=terms.amount.minor,
        interval=terms.interval,
        interval_count=terms.interval_count if terms.interval else 1,
        trial_days=terms.trial_days if terms.interval else 0,
        tax_behavior=terms.tax_behavior,
        created_at=at,
    )
    return create_offer(price, name=product.name, description=product.description, at=at)


@transaction.atomic
def create_offer(price: Price, *, name: str, at: datetime, description: str = "", slug: str = "") -> Offer:
    """A checkout page for a price; without a slug, one is made from the name. Raises AddressInUse."""
    if slug:
        return _insert(price, name=name, description=description, slug=slug, at=at)
    wanted = slugify(name)[:48] or "offer"
    taken = Offer.objects.filter(slug=wanted).exists()
    return _insert(
        price,
        name=name,
        description=description,
        slug=f"{wanted}-{secrets.token_hex(3)}" if taken else wanted,
        at=at,
    )


def _insert(price: Price, *, name: str, description: str, slug: str, at: datetime) -> Offer:
    try:
        with transaction.atomic():
            offer: Offer = Offer.objects.create(
                price=price, name=name, description=description, slug=slug, created_at=at
            )
    except IntegrityError as error:
        if "offer_slug" not in str(error):
            raise
        raise AddressInUse(field="slug") from error
    return offer


@transaction.atomic
def change_offer(offer: Offer, *, slug: str, is_live: bool, at: datetime) -> Offer:
    """Give a checkout page another address, or close or open it; published pages follow. Raises AddressInUse."""
    if Offer.objects.filter(slug=slug).exclude(id=offer.id).exists():
        raise AddressInUse(field="slug")
    offer.slug, offer.is_live = slug, is_live
    offer.save(update_fields=["slug", "is_live"])
    publishing.refresh_showing("offer", offer.id, at=at)
    return offer
