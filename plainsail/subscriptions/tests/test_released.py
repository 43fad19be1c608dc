"""A dispute that is won: what the bank held is free again, and what was promised meanwhile is paid back by itself."""

from __future__ import annotations

from datetime import timedelta

from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import collecting, crediting
from plainsail.commerce.tests.factories import NOON, issued
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import charging
from plainsail.payments.tests.factories import DISPUTED, saved
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import cancellation, declaring, letters, refunds
from plainsail.subscriptions.services.quoting import from_json
from plainsail.subscriptions.tests.factories import subscribed

DAY = timedelta(days=1)


def decide(of, state: str) -> None:
    """The bank's word, as the gateway tells it."""
    with workspace(of):
        dispute = Dispute.objects.get()
        sandbox.decide_dispute(dispute.gateway_ref, state=state, at=NOON + 3 * DAY)
    charging.look_up(of.pk, dispute.charge_id, at=NOON + 3 * DAY)


def cancelled_while_disputed(of) -> Cancellation:
    contract = subscribed(of, number=DISPUTED)
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(of):
        shown = cancellation.preview(contract, when="now", at=NOON + DAY)
        assert (shown.refund_minor, shown.held_back.minor) == (0, 2900)
        data = {"when": "now", "shown_refund": 0}
        return declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON + DAY)


def test_what_a_dispute_kept_from_going_back_goes_back_once_it_is_won(juniper):
    made = cancelled_while_disputed(juniper)
    with workspace(juniper):
        rows = dict(letters.receipt_rows(made, from_json(made.quote.result)))
        assert rows["Disputed payment"].startswith("€29.00 more, should your bank decide")
    decide(juniper, "won")
    run_jobs(at=NOON + 3 * DAY)
    with workspace(juniper):
        assert (CreditNote.objects.get().payable_minor, Refund.objects.get().state) == (2900, "succeeded")
        refunds.pay_held(Invoice.objects.get().id, at=NOON + 4 * DAY)
        assert CreditNote.objects.count() == 1


def test_what_was_lost_has_gone_back_already(juniper):
    cancelled_while_disputed(juniper)
    decide(juniper, "lost")
    run_jobs(at=NOON + 3 * DAY)
    with workspace(juniper):
        assert not Refund.objects.exists()


def test_a_payment_for_a_cancelled_invoice_that_is_disputed_at_once_is_entered_and_goes_back_once_it_is_won(juniper):
    with workspace(juniper):
        bill = issued(2900)
    method = saved(juniper, DISPUTED, payer_key=bill.billing_account_id)
    with workspace(juniper):
        begun = collecting.begin(bill, method=method, initiator="merchant", at=NOON)
        crediting.void(bill, reason="Cancelled", at=NOON)
    charging.submit(juniper.pk, begun.id, at=NOON)
    charging.look_up(juniper.pk, begun.id, at=NOON + timedelta(hours=1))
    with workspace(juniper):
        assert Dispute.objects.get().state == "open"
        collecting.settle(begun.id)
        assert not Refund.objects.exists()
    decide(juniper, "won")
    run_jobs(at=NOON + 3 * DAY)
    with workspace(juniper):
        assert (Refund.objects.get().amount_minor, Charge.objects.get().state) == (2900, "succeeded")
