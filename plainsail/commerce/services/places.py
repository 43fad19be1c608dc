"""Where buyer and seller are, and so how the lines of an invoice are taxed: the rows behind `vat.decide`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from plainsail.commerce.models import BillingAccount, Order, Product, Rounding, Seller, SellerRounding, TaxRate
from plainsail.commerce.services import rates, taxing, vat
from plainsail.commerce.services.vat import Buying, Ruling, Selling, Supply
from plainsail.kernel.money import Money, half_up


@dataclass(frozen=True, kw_only=True)
class Named:
    """Who is billed, as they named themselves; `vat_check` is VIES's answer, empty where it wasn't asked."""

    name: str = ""
    company: str = ""
    email: str = ""
    country: str = ""
    vat_id: str = ""
    vat_check: str = ""

    @property
    def is_business(self) -> bool:
        """Bills of a business are rounded as businesses do; whose id isn't confirmed is a consumer so far."""
        return bool(self.vat_id) and self.vat_check not in {"invalid", "pending"}

    @property
    def buying(self) -> Buying:
        return Buying(country=self.country, vat_id=self.vat_id, check=self.vat_check or None)  # type: ignore[arg-type]  # a choice


def of_order(order: Order) -> Named:
    """Who bought, as typed at the checkout."""
    names = ("name", "company", "email", "country", "vat_id", "vat_check")
    return Named(**{name: getattr(order, name) for name in names})


def of_account(account: BillingAccount) -> Named:
    """Who is billed without an order."""
    return Named(name=account.name, company=account.company, email=account.email, country=account.country)


def of_row(buyer: dict[str, Any]) -> Named:
    """As an invoice keeps it."""
    return Named(**buyer)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Everything that decides the tax of a sale on a day."""

    selling: Selling
    named: Named
    on: date
    mode: str = field(default=SellerRounding.BY_BUYER)

    def ruling(self, product: Product | None, *, rate: Decimal | None = None) -> Ruling:
        """How a line with a product is taxed; `rate` is the line's own at home, else the product's, else the seller's."""
        own = rate if rate is not None else product.tax_rate if product else None
        supply = cast(Supply, product.supply if product else "online")
        return vat.decide(self.selling, self.named.buying, on=self.on, supply=supply, own_rate=own)

    @property
    def rounding(self) -> str:
        """How tax is rounded over a document: the seller's one way, or as fits the buyer (billing design, 4.5)."""
        if self.mode != SellerRounding.BY_BUYER:
            return self.mode
        return Rounding.SUM_BY_NET if self.named.is_business else Rounding.SUM_BY_NET_KEEP_GROSS


def place(seller: Seller, named: Named, *, on: date) -> Place:
    """The place of a sale. One query."""
    return places(seller, on=on)(named)


def places(seller: Seller, *, on: date) -> Callable[[Named], Place]:
    """The places of sales to many on a day: one query for all of them."""
    selling = _selling(seller, own=dict(TaxRate.objects.values_list("country", "rate")))
    return lambda named: Place(selling=selling, named=named, on=on, mode=seller.rounding)


def _selling(seller: Seller, *, own: Mapping[str, Decimal]) -> Selling:
    return Selling(
        country=seller.country,
        home_rate=seller.tax_rate,
        vat_id=seller.vat_id,
        has_oss=seller.has_oss,
        rates=own,
    )


def at_home(seller: Seller) -> Place:
    """For whoever isn't known yet, such as the reader of a price card. No query."""
    selling = Selling(country=seller.country, home_rate=seller.tax_rate)
    return Place(selling=selling, named=Named(), on=rates.BEFORE, mode=seller.rounding)


def unit(amount: Money, ruling: Ruling, *, is_inclusive: bool) -> Money:
    """What one costs: a price with tax inside loses it where none is due, else it stays as it was shown."""
    if not is_inclusive or ruling.kind not in vat.UNTAXED:
        return amount
    return Money(half_up(Fraction(amount.minor) / (1 + taxing.percent(ruling.inside))), amount.currency)


def takes_vat_ids(seller: Seller) -> bool:
    """Whether a business can name its id at the checkout: the seller has one to name beside it."""
    return bool(seller.vat_id) and seller.country in rates.STANDARD


def is_asked(seller: Seller, named: Named) -> bool:
    """Whether VIES is to be asked about a buyer's id."""
    return takes_vat_ids(seller) and vat.is_asked(_selling(seller, own={}), named.buying)
