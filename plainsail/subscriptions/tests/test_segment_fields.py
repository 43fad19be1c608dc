"""Segments know who has a running contract."""

from __future__ import annotations

from plainsail.commerce.models import Offer
from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.tests.factories import NOON, subscribed


def who(op, value="", field="contract"):
    found = Contact.objects.filter(condition_of({"field": field, "op": op, "value": value}, at=NOON))
    return [one.email for one in found]


def test_a_contract_counts_while_it_runs(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        bought = str(Offer.objects.get().id)
        answers = [who("has"), who("has", bought), who("has", str(new_id())), who("has_not", bought)]
        assert answers == [["maren@example.com"], ["maren@example.com"], [], []]
        Subscription.objects.filter(id=contract.id).update(state="ended", ended_at=NOON, end_reason="cancelled")
        assert [who("has"), who("has_not")] == [[], ["maren@example.com"]]


def test_one_that_was_cancelled_runs_and_does_not_go_on(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        assert [who("goes_on"), who("ends")] == [["maren@example.com"], []]
        Subscription.objects.filter(id=contract.id).update(scheduled_end_at=NOON)
        assert [who("has"), who("goes_on"), who("ends")] == [["maren@example.com"], [], ["maren@example.com"]]


def test_a_renewal_is_unpaid_until_its_case_is_closed(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        assert [who("has", field="overdue"), who("has_not", field="overdue")] == [[], ["maren@example.com"]]
        DunningCase.objects.create(subscription=contract, invoice_id=new_id(), opened_at=NOON)
        assert [who("has", field="overdue"), who("has_not", field="overdue")] == [["maren@example.com"], []]
        DunningCase.objects.update(closed_at=NOON)
        assert who("has", field="overdue") == []
