"""Contracts of businesses abroad: each renewal is taxed as the sale was, and waits for VIES as it did."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import clocks, vat_checks, vies, waiting
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON, euros, seller
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, Refund
from plainsail.subscriptions.models import CancellationRequest, DunningCase, Subscription
from plainsail.subscriptions.services import cancellation, declaring, letters
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db(transaction=True)

ROSSI = Buyer(email="rossi@example.com", name="Anna Rossi", company="Rossi Srl", country="IT", vat_id="IT12345678901")
LATER = datetime(2026, 12, 24, 12, tzinfo=UTC)


@pytest.fixture
def answers(juniper, monkeypatch) -> dict[str, str]:
    """What VIES says, to be changed by the test; Juniper sells from Germany at 19 % in the One-Stop-Shop."""
    state = {"answer": "valid"}

    def post(_path, _wanted):
        if state["answer"] == "silent":
            raise OSError
        return 200, json.dumps({"valid": state["answer"] == "valid", "requestIdentifier": "WAPI"}).encode()

    monkeypatch.setattr(vies, "post", post)
    with workspace(juniper):
        seller(country="DE", tax_rate=Decimal(19), vat_id="DE123456789", has_oss=True)
    return state


def contract_of(juniper, buyer: Buyer = ROSSI) -> Subscription:
    if buyer.vat_id:
        vat_checks.ask(juniper.pk, buyer.vat_id, at=NOON)
    return subscribed(juniper, minor=11900, buyer=buyer)


def invoices() -> list[tuple[str, int, int]]:
    found = Invoice.objects.order_by("created_at", "id")
    return [(one.state, one.gross_minor, one.tax_minor) for one in found]


def test_a_renewal_is_taxed_like_the_sale(juniper, answers):
    contract = contract_of(juniper)
    clocks.advance(juniper.pk, to=LATER, at=NOON)
    with workspace(juniper):
        assert invoices() == [("paid", 10000, 0), ("paid", 10000, 0)]
        renewed = Invoice.objects.order_by("created_at").last()
        assert renewed.document["buyer"]["vat_id"] == "IT12345678901"
        assert renewed.document["taxes"][0]["kind"] == "reverse_charge"
        contract.refresh_from_db()
        assert letters.next_charge(contract).startswith("€100.00 on ")


def test_another_purchase_as_a_consumer_changes_nothing_for_the_contract(juniper, answers):
    contract_of(juniper)
    consumer = Buyer(email="rossi@example.com", name="Anna Rossi", country="IT")
    contract_of(juniper, buyer=consumer)
    clocks.advance(juniper.pk, to=LATER, at=NOON)
    with workspace(juniper):
        assert sorted(gross for _state, gross, _tax in invoices()) == [10000, 10000, 11900, 11900]


def test_while_vies_is_silent_renewals_are_paid_and_wait_too(juniper, answers):
    answers["answer"] = "silent"
    contract_of(juniper)
    clocks.advance(juniper.pk, to=LATER, at=NOON)
    with workspace(juniper):
        assert invoices() == [("draft", 11900, 2146), ("draft", 11900, 2146)]
        assert [one.is_paid for one in Invoice.objects.all()] == [True, True]
        assert [case.closed_at is not None for case in DunningCase.objects.all()] == [True]
        assert Charge.objects.filter(state="succeeded").count() == 2
    answers["answer"] = "valid"
    waiting.run(workspace_id=juniper.pk, at=NOON + timedelta(minutes=1))
    with workspace(juniper):
        assert invoices() == [("paid", 10000, 0), ("paid", 10000, 0)]
        numbers = [one.number for one in Invoice.objects.order_by("created_at", "id")]
        assert numbers == ["TEST-INV-00001", "TEST-INV-00002"]
        assert [one.amount_minor for one in Refund.objects.all()] == [1900, 1900]
        assert Order.objects.get().vat_check == "valid"
    clocks.advance(juniper.pk, to=LATER + timedelta(days=31), at=NOON)
    with workspace(juniper):
        assert invoices()[-1] == ("paid", 10000, 0)


def test_cancelling_at_once_gives_back_what_a_waiting_invoice_took(juniper, answers):
    answers["answer"] = "silent"
    contract = contract_of(juniper)
    with workspace(juniper):
        door = CancellationRequest.Door.PORTAL
        request = declaring.declare(declaring.from_confirm_page({"when": "now"}, contract, door=door), received_at=NOON)
        promised = cancellation.preview(contract, when="now", at=NOON).refund_minor
        cancellation.put_in_force(request, contract, when="now", at=NOON)
        invoice = Invoice.objects.get()
        assert (invoice.number, invoice.is_waiting) == (("TEST-INV-00001", False) if promised else ("", True))
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == promised
        assert euros(promised) <= euros(11900)


def test_a_consumer_abroad_is_renewed_with_their_own_tax_inside(juniper, answers):
    contract_of(juniper, buyer=Buyer(email="anne@example.com", name="Anne", country="FR"))
    clocks.advance(juniper.pk, to=LATER, at=NOON)
    with workspace(juniper):
        assert invoices() == [("paid", 11900, 1983), ("paid", 11900, 1983)]
