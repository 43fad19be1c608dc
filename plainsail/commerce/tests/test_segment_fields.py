"""Segments know who bought what, how often, for how much, and who was paid back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.services import refunding
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON, bought, offer
from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.contacts.sentences import Wording
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace

IDA = Buyer(email="ida@example.com", name="Ida Holm")
DAY = timedelta(days=1)


@pytest.fixture
def wheel(juniper):
    """Maren bought the wheel course twice, Ida a mug; Jo nothing."""
    with workspace(juniper):
        course, mug = offer("Wheel course"), offer("Mug", 1900)
        ContactFactory(email="jo@example.com")
    bought(juniper, course, at=NOON - DAY * 40)
    bought(juniper, course, at=NOON - DAY)
    order = bought(juniper, mug, buyer=IDA, at=NOON)
    with workspace(juniper):
        refunding.refund_order(order, amount=Money(900, "EUR"), reason="Chipped", at=NOON)
        return str(course.price.product_id)


def who(business, field, op, value=None, **more):
    with workspace(business):
        tree = {"field": field, "op": op, "value": value} | more
        found = Contact.objects.filter(condition_of(tree, at=NOON)).order_by("email")
        return [one.email.partition("@")[0] for one in found]


def test_what_was_bought_how_often_and_when(juniper, wheel):
    assert who(juniper, "bought", "has", wheel) == ["maren"]
    assert who(juniper, "bought", "has", "") == ["ida", "maren"]
    assert who(juniper, "bought", "has", wheel, count=2) == ["maren"]
    assert who(juniper, "bought", "has", wheel, count=2, days=30) == []
    assert who(juniper, "bought", "has_not", wheel, count=2, days=30) == ["ida", "jo", "maren"]
    assert who(juniper, "bought", "has_not") == ["jo"]


def test_what_was_spent_and_not_paid_back(juniper, wheel):
    assert who(juniper, "spent:EUR", "at_least", "350") == ["maren"]
    assert who(juniper, "spent:EUR", "at_least", "10,00") == ["ida", "maren"]
    assert who(juniper, "spent:EUR", "below", "10.01") == ["ida", "jo"]
    assert who(juniper, "spent:USD", "at_least", "1") == []


def test_who_was_paid_back(juniper, wheel):
    assert who(juniper, "refunded", "has") == ["ida"]
    assert who(juniper, "refunded", "has_not") == ["jo", "maren"]


def test_purchases_are_said_in_a_sentence(juniper, wheel):
    tree = {
        "all": [
            {"field": "bought", "op": "has", "value": wheel, "days": 30},
            {"field": "spent:EUR", "op": "at_least", "value": "99.90"},
        ]
    }
    with workspace(juniper):
        said = Wording(juniper, at=NOON).sentence(tree)
    assert said == "Bought Wheel course in the last 30 days and spent at least €99.90"
