"""While a bank decides about a payment its contract isn't charged by itself; then it goes on, or another card is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, collecting
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Dispute
from plainsail.payments.services import charging
from plainsail.payments.tests.factories import DISPUTED, PAYS
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import dunning, letters, overdue
from plainsail.subscriptions.tests.factories import charged_by, subscribed

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RENEWED = timedelta(days=31)
"""After the day on which a monthly contract renews."""
SAVES_THEN_FAILS = "4000 0000 0000 0341"


def advance(of, by: timedelta) -> None:
    clocks.advance(of.pk, to=NOON + by, at=NOON)
    run_jobs(at=NOON)


def decide(of, state: str) -> None:
    """The bank's word, as the gateway tells it."""
    with workspace(of):
        dispute = Dispute.objects.get(state="open")
        sandbox.decide_dispute(dispute.gateway_ref, state=state, at=NOON + HOUR)
    charging.look_up(of.pk, dispute.charge_id, at=NOON + HOUR)
    run_jobs(at=NOON + HOUR)


def by_us(of) -> list[str]:
    """How the business's own charges went, oldest first."""
    with workspace(of):
        charges = Charge.objects.filter(initiator="merchant").order_by("created_at", "id")
        return list(charges.values_list("state", flat=True))


def disputed_and_renewed(of) -> Subscription:
    contract = subscribed(of, number=DISPUTED)
    run_jobs(at=NOON + HOUR)
    advance(of, RENEWED)
    with workspace(of):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def test_a_period_that_begins_while_the_bank_decides_is_invoiced_and_not_charged(juniper):
    contract = disputed_and_renewed(juniper)
    advance(juniper, RENEWED + 20 * DAY)
    assert by_us(juniper) == []
    with workspace(juniper):
        case = DunningCase.objects.get()
        assert (case.tries, case.next_try_at, case.closed_at) == (0, None, None)
        assert Invoice.objects.get(id=case.invoice_id).state == "open"
        assert list(queries.overdue(juniper)) == [case]
        assert letters.next_charge(contract).endswith("not before the bank has decided about the disputed payment")
        assert contract.state == "active"


def test_what_waited_is_charged_once_the_bank_has_decided_for_the_business(juniper):
    disputed_and_renewed(juniper)
    decide(juniper, "won")
    advance(juniper, RENEWED + DAY)
    assert by_us(juniper) == ["succeeded"]


def test_a_card_whose_payment_was_lost_is_not_charged_by_itself_and_another_one_is_asked_for(juniper):
    contract = disputed_and_renewed(juniper)
    decide(juniper, "lost")
    advance(juniper, RENEWED + DAY)
    assert by_us(juniper) == []
    with workspace(juniper):
        assert DunningCase.objects.get().tries == 1
        assert Delivery.objects.filter(source_kind="subscriptions.payment_failed").count() == 1
    charged_by(contract, PAYS)
    advance(juniper, RENEWED + 4 * DAY)
    assert by_us(juniper) == ["succeeded"]
    with workspace(juniper):
        assert DunningCase.objects.get().closed_at is not None


def test_further_renewals_are_missed_too_until_there_is_another_card(juniper):
    contract = subscribed(juniper, number=DISPUTED)
    run_jobs(at=NOON + HOUR)
    decide(juniper, "lost")
    advance(juniper, RENEWED)
    assert by_us(juniper) == []
    with workspace(juniper):
        assert DunningCase.objects.get(subscription=contract).tries == 1


def test_tries_of_a_declined_renewal_stop_as_soon_as_a_payment_is_disputed_and_staff_are_told_why(juniper):
    contract = subscribed(juniper, number=DISPUTED)
    run_jobs(at=NOON + HOUR)
    with workspace(juniper):
        Dispute.objects.update(state="won")
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, RENEWED)
    with workspace(juniper):
        case = DunningCase.objects.get()
        assert (case.tries, case.next_try_at is None) == (1, False)
        Dispute.objects.update(state="open")
    at = NOON + RENEWED + HOUR
    with pytest.raises(overdue.BankDecides):
        overdue.try_now(juniper.pk, case.id, at=at)
    advance(juniper, RENEWED + 10 * DAY)
    assert by_us(juniper) == ["declined"]
    with workspace(juniper):
        case.refresh_from_db()
        assert (case.tries, case.next_try_at) == (1, None)
        assert not Subscription.objects.get(pk=contract.pk).is_ended


def test_who_pays_by_themselves_while_the_bank_decides_has_paid(juniper):
    contract = disputed_and_renewed(juniper)
    charged_by(contract, PAYS)
    with workspace(juniper):
        case = DunningCase.objects.get()
        method_id = Subscription.objects.get(pk=contract.pk).payment_method_id
    at = NOON + RENEWED + HOUR
    collecting.charge(juniper.pk, case.invoice_id, method_id=method_id, initiator="customer", at=at)
    run_jobs(at=NOON)
    with workspace(juniper):
        case.refresh_from_db()
        assert case.closed_at is not None


def test_the_contract_of_somebody_else_is_charged_as_ever(juniper):
    disputed_and_renewed(juniper)
    subscribed(juniper, buyer=replace(MAREN, email="bo@example.com"))
    advance(juniper, 2 * RENEWED)
    with workspace(juniper):
        [charged] = set(Charge.objects.filter(initiator="merchant").values_list("subject_id", flat=True)[:1])
        assert queries.of_invoice(charged).account.email == "bo@example.com"


def test_a_decision_about_one_of_two_disputes_sets_nothing_going(juniper):
    contract = disputed_and_renewed(juniper)
    with workspace(juniper):
        case = DunningCase.objects.get()
        first = Dispute.objects.get()
        Dispute.objects.create(
            gateway_ref="dp_second",
            charge=first.charge,
            amount_minor=100,
            currency=first.currency,
            reason="fraudulent",
            created_at=NOON,
        )
        sandbox.decide_dispute(first.gateway_ref, state="won", at=NOON)
    charging.look_up(juniper.pk, first.charge_id, at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        case.refresh_from_db()
        assert case.next_try_at is None
        dunning.stop(contract, at=NOON + RENEWED)
        case.refresh_from_db()
        assert case.closed_at is not None
