"""An operator that sells plans, for tests."""

from __future__ import annotations

from plainsail.accounts.tests.factories import UserFactory
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.services import operating
from plainsail.hosting.services.operating import Sold
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money

SOLD = [
    Sold(slug="studio", name="Studio", description="Everything.", price=Money(2900, "EUR")),
    Sold(slug="domain", name="Extra domain", description="One more.", price=Money(500, "EUR"), is_addon=True),
]


def operator() -> Workspace:
    return operating.open_shop(UserFactory(email="operator@example.com"), name="Plainsail Hosting", sold=SOLD, at=NOON)
