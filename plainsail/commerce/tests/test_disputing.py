"""A disputed payment in the books: held, then free again or gone; what was owed anyway is even once the bank gave it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce import queries
from plainsail.commerce.models import HandRefund, Invoice
from plainsail.commerce.services import crediting, disputing, refunding
from plainsail.commerce.tests.factories import NOON, bought, euros
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import charging
from plainsail.payments.services.refunding import Disputed
from plainsail.payments.tests.factories import DISPUTED

HOUR = timedelta(hours=1)


def disputed(of) -> Dispute:
    bought(of, number=DISPUTED)
    run_jobs(at=NOON + HOUR)
    with workspace(of):
        return Dispute.objects.get()


def decide(of, dispute: Dispute, state: str) -> None:
    with workspace(of):
        sandbox.decide_dispute(dispute.gateway_ref, state=state, at=NOON + HOUR)
    charging.look_up(of.pk, dispute.charge_id, at=NOON + HOUR)
    run_jobs(at=NOON + 2 * HOUR)


def balances(of) -> dict[tuple[str, str], int]:
    with workspace(of):
        return {(kind, subject): minor for (kind, subject, _currency), minor in queries.balances().items()}


def test_what_a_bank_holds_is_on_an_account_of_its_own(juniper):
    disputed(juniper)
    assert balances(juniper)["disputes_held", ""] == 17500
    assert ("clearing", "sandbox") not in balances(juniper)


def test_what_is_lost_was_no_revenue_and_no_tax(juniper):
    dispute = disputed(juniper)
    before = balances(juniper)
    assert before["revenue", ""] < 0
    decide(juniper, dispute, "lost")
    assert balances(juniper) == {}


def test_what_is_won_is_on_its_way_from_the_gateway_again(juniper):
    dispute = disputed(juniper)
    before = balances(juniper)
    decide(juniper, dispute, "won")
    after = balances(juniper)
    assert (after["clearing", "sandbox"], after["revenue", ""]) == (17500, before["revenue", ""])
    assert ("disputes_held", "") not in after


def test_a_loss_told_twice_is_entered_once(juniper):
    dispute = disputed(juniper)
    decide(juniper, dispute, "lost")
    with workspace(juniper):
        disputing.write_off(dispute.pk, at=NOON + HOUR)
    assert balances(juniper) == {}


def test_a_loss_that_is_heard_of_before_its_dispute_is_entered_with_it(juniper):
    bought(juniper)
    with workspace(juniper):
        dispute = Dispute.objects.create(
            gateway_ref="dp_1",
            charge=Charge.objects.get(),
            amount_minor=17500,
            currency="EUR",
            reason="fraudulent",
            state="lost",
            created_at=NOON,
        )
        disputing.write_off(dispute.pk, at=NOON + HOUR)
        disputing.hold(dispute.pk)
    assert balances(juniper) == {}


@pytest.mark.parametrize("credited", [17500, 5000])
def test_what_a_credit_note_owed_went_back_by_the_bank(juniper, credited):
    """While the bank decides nothing is paid back, so the note owes it; what is lost settles that first."""
    dispute = disputed(juniper)
    with workspace(juniper):
        note = crediting.credit_amount(Invoice.objects.get(), amount=euros(credited), reason="Kindness", at=NOON + HOUR)
        with pytest.raises(Disputed):
            refunding.pay_back(note, at=NOON + HOUR)
        assert refunding.owed(note) == euros(credited)
    decide(juniper, dispute, "lost")
    assert balances(juniper) == {}
    with workspace(juniper):
        assert refunding.owed(note) == euros(0)
        assert HandRefund.objects.get().how == f"Chargeback {dispute.gateway_ref}"
        assert not Refund.objects.exists()
        assert refunding.pay_back(note, at=NOON + 2 * HOUR) == []
