"""Who disputes a payment because they had cancelled, and had, gets their money and an apology; nobody argues."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.services import collecting, invoicing
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.gateways import cards
from plainsail.payments.models import Charge, Dispute
from plainsail.payments.services import charging, refunding
from plainsail.payments.tests.factories import saved
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, conceding, declaring, renewal
from plainsail.subscriptions.tests.factories import NOON, charged_by, subscribed

DAY = timedelta(days=1)
SAYS_CANCELLED, SAYS_FRAUD = "4000 0099 9000 0112", "4000 0000 0000 0259"
RENEWAL = NOON + 30 * DAY
BEFORE, AFTER = RENEWAL - 5 * DAY, RENEWAL + 5 * DAY


def renewed(of, number: str = SAYS_CANCELLED, **terms) -> Subscription:
    """A contract whose second month was charged to a card that is disputed."""
    contract = subscribed(of, **terms)
    charged_by(contract, number)
    renewal.renew(of.pk, contract.pk, at=RENEWAL)
    with workspace(of):
        contract.refresh_from_db()
        return contract


def declared(of, *, at):
    """A declaration that nobody could match yet: it names nothing that is known."""
    with workspace(of):
        values = {"name": "Maren", "contract": "my club", "email": "other@example.com", "end": ""}
        said = declaring.Declaration(door=CancellationRequest.Door.PUBLIC, payload=values, email="other@example.com")
        return declaring.declare(said, received_at=at)


def disputed(of, *, at=AFTER) -> Dispute:
    """The last payment, after its cardholder went to the bank and everybody heard of it."""
    with workspace(of):
        charge = Charge.objects.order_by("-created_at", "-id").first()
    charging.look_up(of.pk, charge.pk, at=at)
    run_jobs(at=at)
    with workspace(of):
        return Dispute.objects.get()


def mails(of, kind: str) -> list[str]:
    with workspace(of):
        return sorted(Delivery.objects.filter(source_kind=kind).values_list("address", flat=True))


def matched(of, notice, contract) -> None:
    with workspace(of):
        cancellation.put_in_force(notice, contract, when="period_end", at=AFTER)


@pytest.fixture
def cancelled_before(juniper):
    """A declaration that arrived before the renewal, matched only after its customer went to the bank."""
    notice = declared(juniper, at=BEFORE)
    contract = renewed(juniper)
    assert disputed(juniper).state == "open"
    matched(juniper, notice, contract)
    return contract


def test_a_declaration_from_before_the_charge_settles_the_dispute_and_apologises(juniper, cancelled_before):
    run_jobs(at=AFTER)
    with workspace(juniper):
        dispute = Dispute.objects.get()
        assert (dispute.state, dispute.accepted_at) == ("lost", AFTER)
    assert mails(juniper, "subscriptions.dispute_accepted") == ["maren@example.com"]


def test_looking_again_apologises_once(juniper, cancelled_before):
    run_jobs(at=AFTER)
    with workspace(juniper):
        conceding.look_again(cancelled_before, at=AFTER + DAY)
    assert len(mails(juniper, "subscriptions.dispute_accepted")) == 1


def charged_all_the_same(of) -> None:
    """What no path of ours does: a contract that was cancelled is charged for the days after its end."""
    contract = subscribed(of)
    notice = declared(of, at=BEFORE)
    method = saved(of, SAYS_CANCELLED, payer_key=contract.account_id)
    with workspace(of):
        cancellation.put_in_force(notice, contract, when="period_end", at=BEFORE)
        item = contract.items.get()
        days = {"period_start": item.charged_through, "period_end": item.charged_through + 31 * DAY}
        line = LineSpec(description="Studio club", unit=Money(2900, "EUR"), item_id=item.id, **days)
        bill = invoicing.issue(contract.account, lines=[line], at=RENEWAL)
    collecting.charge(of.pk, bill.id, method_id=method.pk, initiator="merchant", at=RENEWAL)


def test_a_dispute_heard_of_after_the_cancellation_is_accepted_at_once(juniper):
    charged_all_the_same(juniper)
    assert disputed(juniper).state == "lost"
    assert mails(juniper, "subscriptions.dispute_accepted") == ["maren@example.com"]
    with workspace(juniper):
        told = EventRow.objects.get(name="commerce.payment_disputed")
        assert told.payload["is_accepted"] is True


def test_whoever_says_something_else_is_answered_by_people(juniper):
    notice = declared(juniper, at=BEFORE)
    contract = renewed(juniper, SAYS_FRAUD)
    disputed(juniper)
    matched(juniper, notice, contract)
    run_jobs(at=AFTER)
    with workspace(juniper):
        assert (Dispute.objects.get().state, Dispute.objects.get().accepted_at) == ("open", None)


def test_a_cancellation_after_the_charge_doesnt_make_the_customer_right(juniper):
    contract = renewed(juniper)
    disputed(juniper)
    matched(juniper, declared(juniper, at=RENEWAL + DAY), contract)
    run_jobs(at=AFTER)
    with workspace(juniper):
        assert Dispute.objects.get().accepted_at is None


def test_one_that_was_taken_back_doesnt_either(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAYS_CANCELLED)
    with workspace(juniper):
        cancellation.put_in_force(declared(juniper, at=BEFORE), contract, when="period_end", at=BEFORE)
        contract.refresh_from_db()
        cancellation.undo(contract, by="customer", at=BEFORE + DAY)
    renewal.renew(juniper.pk, contract.pk, at=RENEWAL)
    assert disputed(juniper).accepted_at is None


def test_what_goes_back_anyway_isnt_given_back_twice(juniper):
    notice = declared(juniper, at=BEFORE)
    contract = renewed(juniper)
    with workspace(juniper):
        charge = Charge.objects.order_by("-created_at", "-id").first()
        refunding.request(charge, amount=Money(1000, "EUR"), at=RENEWAL)
    run_jobs(at=RENEWAL)
    disputed(juniper)
    matched(juniper, notice, contract)
    run_jobs(at=AFTER)
    with workspace(juniper):
        assert Dispute.objects.get().accepted_at is None


def test_the_sandbox_knows_both_cards():
    said = {card.dispute_reason for card in cards.CARDS if card.is_disputed}
    assert said == {"fraudulent", conceding.REASON}
