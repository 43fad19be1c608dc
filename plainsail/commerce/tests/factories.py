"""Products, offers, buyers and orders for tests, made through the services as people make them."""

from __future__ import annotations

from datetime import UTC, datetime

from plainsail.commerce.models import BillingAccount, Invoice, Offer, Order, Seller
from plainsail.commerce.services import buyers, catalogue, checkout, invoicing, sellers, terms
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.services.checkout import Attempt, Trace
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.tests.factories import PAYS, card

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MAREN = Buyer(email="maren@example.com", name="Maren Thiessen", country="DE")


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def seller(**fields) -> Seller:
    """The open workspace's seller."""
    found = sellers.of_workspace(at=NOON)
    return sellers.change(found, fields=fields) if fields else found


def offer(name: str = "Full weekend", minor: int = 17500, *, currency: str = "EUR", **terms) -> Offer:
    """An offer with its product and price, in the open workspace."""
    product = catalogue.create_product(name=name, terms=PriceTerms(amount=Money(minor, currency), **terms), at=NOON)
    return Offer.objects.select_related("price__product").get(price__product=product)


def monthly(name: str = "Studio club", minor: int = 2900, **terms) -> Offer:
    return offer(name, minor, interval="month", **terms)


def account(email: str = "maren@example.com") -> BillingAccount:
    return buyers.account_of(Buyer(email=email, name="Maren Thiessen"), at=NOON)


def issued(*minors: int, rate: str | None = None, at: datetime = NOON, **line) -> Invoice:
    """A numbered invoice over one-off lines, in the open workspace."""
    from decimal import Decimal

    lines = [
        LineSpec(description=f"Line {position}", unit=euros(minor), tax_rate=Decimal(rate) if rate else None, **line)
        for position, minor in enumerate(minors, start=1)
    ]
    return invoicing.issue(account(), lines=lines, at=at)


def placed(of, sold: Offer, *, buyer: Buyer = MAREN, order_id=None, came_by=None, at: datetime = NOON) -> Order:
    """An order as a form sent at a moment makes it."""
    with workspace(of):
        attempt = Attempt(order_id or new_id(), checkout.digest(shown_terms(sold, buyer=buyer, at=at)))
        trace = Trace(ip="203.0.113.9", user_agent="Firefox", came_by=came_by)
        return checkout.place(sold, attempt=attempt, buyer=buyer, trace=trace, at=at)


def shown_terms(sold: Offer, *, buyer: Buyer = MAREN, at: datetime = NOON) -> str:
    """What the page shows to a buyer once it knows their country and VAT id."""
    named = checkout.identified(buyer, seller=seller(), at=at)
    where = checkout.place_of(named, seller=seller(), at=at)
    made = terms.quote(sold.price, seller=seller(), at=at, place=where)
    return checkout.agreed_text(made, seller=seller(), name=sold.name, named=named)


def pay(of, order: Order, number: str = PAYS, *, at: datetime = NOON) -> checkout.Progress:
    return checkout.pay(of.pk, order.pk, fields=card(number), return_path="/back/", at=at)


def bought(
    of, sold: Offer | None = None, number: str = PAYS, *, at: datetime = NOON, buyer: Buyer = MAREN, came_by=None
) -> Order:
    """An order, paid with a card; the weekend at €175.00 unless another offer is given."""
    if sold is None:
        with workspace(of):
            sold = offer()
    order = placed(of, sold, buyer=buyer, came_by=came_by, at=at)
    pay(of, order, number, at=at)
    with workspace(of):
        order.refresh_from_db()
    return order
