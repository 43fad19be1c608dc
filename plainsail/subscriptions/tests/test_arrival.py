"""A cancellation counts from its arrival, whenever somebody gets to it. Found by random lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Refund
from plainsail.payments.tests.factories import DISPUTED
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring
from plainsail.subscriptions.tests.factories import subscribed

RENEWAL = datetime(2026, 12, 22, 23, tzinfo=UTC)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def test_what_was_charged_between_a_notice_and_its_matching_comes_back(juniper):
    contract = subscribed(juniper)
    arrived, found = RENEWAL - timedelta(days=2), RENEWAL + timedelta(days=8)
    with workspace(juniper):
        values = {"kind": "ordinary", "name": "Maren", "contract": "my club", "email": "who@example.com"}
        notice = declaring.declare(declaring.from_public_page(values), received_at=arrived)
    clocks.advance(juniper.pk, to=found, at=NOON)
    with workspace(juniper):
        declaring.match(notice, contract, at=found)
    run_jobs(at=NOON)
    after = fresh(contract)
    assert (after.state, after.scheduled_end_at) == ("ended", RENEWAL)
    with workspace(juniper):
        assert [(one.amount_minor, one.state) for one in Refund.objects.all()] == [(2900, "succeeded")]
        assert CreditNote.objects.get().issued_at == found
        bills = [(one.paid_minor, one.payable_minor) for one in Invoice.objects.order_by("issued_at")]
        assert bills == [(2900, 0), (2900, 2900)]


def test_a_letter_recorded_late_gives_back_from_the_day_it_came(juniper):
    contract = subscribed(juniper)
    arrived, recorded = NOON + timedelta(days=10), NOON + timedelta(days=20)
    with workspace(juniper):
        notice = declaring.declare(
            declaring.from_staff({"note": "A letter", "when": "now"}, by="Ada"), received_at=arrived
        )
        made = cancellation.put_in_force(notice, contract, when="now", at=recorded)
        assert (made.effective_at, made.matched_at) == (arrived, recorded)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Refund.objects.get().amount_minor == 2900


def test_a_disputed_payment_doesnt_stand_in_the_way_of_cancelling(juniper):
    contract = subscribed(juniper, number=DISPUTED)
    run_jobs(at=NOON + timedelta(hours=1))
    at = NOON + timedelta(days=1)
    with workspace(juniper):
        assert cancellation.preview(contract, when="now", at=at).refund_minor == 0
        data = {"when": "now"}
        declaration = declaring.from_confirm_page(data, contract, door=CancellationRequest.Door.PORTAL)
        cancellation.put_in_force(declaring.declare(declaration, received_at=at), contract, when="now", at=at)
        assert Refund.objects.count() == 0
    assert fresh(contract).is_ended


def test_a_notice_older_than_its_contract_counts_from_the_contracts_first_moment(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        data = {"note": "A letter", "when": "period_end"}
        notice = declaring.declare(declaring.from_staff(data, by="Ada"), received_at=NOON - timedelta(days=3))
        made = cancellation.put_in_force(notice, contract, when="period_end", at=NOON + timedelta(days=1))
    assert made.effective_at == RENEWAL
