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
from plainsail.commerce.services import shapes
from plainsail.commerce.services.shapes import Shape
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.pages.services import publishing


class AddressInUse(Refusal):
    """Another checkout page has this address."""

    code = "address_in_use"
    message = _("Another checkout page has this address already.")


class BadTerms(Refusal):
    """A price that nobody could pay as it is described; `field` says where."""

    code = "bad_terms"


@dataclass(frozen=True, kw_only=True)
class PriceTerms:
    """What a price is made of; `interval` is empty for one paid once, `payments` for one paid until it is cancelled.

    `initial` is what a trial costs, in the same currency; empty for a free one.
    """

    amount: Money
    interval: str = ""
    interval_count: int = 1
    payments: int | None = None
    cycle: str = ""
    cycle_count: int = 1
    trial_days: int = 0
    initial: Money | None = None
    tax_behavior: str = TaxBehavior.INCLUSIVE

    @property
    def shape(self) -> Shape:
        return shapes.shape(
            self.interval,
            self.interval_count,
            payments=self.payments,
            cycle=self.cycle,
            cycle_count=self.cycle_count,
            trial_days=self.trial_days,
        )


def refuse_bad(terms: PriceTerms) -> None:
    """Raises BadTerms, with the field that is wrong."""
    shape = terms.shape
    if terms.amount.minor <= 0 and not (shape.is_once and not shape.trial_days):
        raise BadTerms(_("What is paid later, or again, needs a price above zero."), field="amount")
    if terms.initial is not None and terms.initial.minor < 0:
        raise BadTerms(_("A price is zero or more, and not astronomic."), field="initial")
    if terms.initial and not shape.trial_days:
        raise BadTerms(_("Say for how many days this is paid."), field="trial_days")
    if shape.payments is None:
        if shape.cycle is not None:
            raise BadTerms(_("Say how many payments there are each time."), field="payments")
        return
    if shape.interval is None:
        raise BadTerms(_("Say how often a payment comes."), field="interval")
    if not 2 <= shape.payments <= shapes.MOST_PAYMENTS:
        raise BadTerms(_("There are two instalments at least, and no more than 120."), field="payments")
    if shape.cycle is not None and not shapes.fits(shape.interval, shape.payments, shape.cycle):
        raise BadTerms(_("The payments would not be over when they begin anew. Make this longer."), field="cycle")


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
    """A product with its first price, and an offer that sells it under an address made from the name. Raises BadTerms."""
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
    """Another price of a product, with an offer that sells it. Raises BadTerms, BadMoney (a negative amount)."""
    refuse_bad(terms)
    price = Price.objects.create(
        product=product,
        currency=terms.amount.currency,
        unit_minor=terms.amount.minor,
        interval=terms.interval,
        interval_count=terms.interval_count if terms.interval else 1,
        payments=terms.payments,
        cycle=terms.cycle,
        cycle_count=terms.cycle_count if terms.cycle else 1,
        trial_days=terms.trial_days,
        initial_minor=terms.initial.minor if terms.initial else 0,
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
