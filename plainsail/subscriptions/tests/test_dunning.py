"""A renewal that isn't paid: counted once, tried again, given up; what else was paid for comes back. Found by random lives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.models import CreditNote, Invoice, InvoiceLine
from plainsail.commerce.services import clocks, collecting
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import PaymentMethod, Refund
from plainsail.payments.services import methods
from plainsail.payments.services.charging import MethodUnusable
from plainsail.payments.tests.factories import LOST_TAKEN, PAYS, STOLEN, saved
from plainsail.portal.models import Grant
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, dunning, paying, renewal
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed

SAVES_THEN_FAILS = "4000 0000 0000 0341"
WEEK = timedelta(days=7)
MONTH = timedelta(days=30, hours=-12)
"""From noon of the first day to the start of the day on which a monthly contract renews; an hour early or late is no matter."""


def advance(of, by: timedelta) -> None:
    clocks.advance(of.pk, to=NOON + by, at=NOON)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def test_a_declined_charge_counts_once_however_late_its_event_comes(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, MONTH + timedelta(days=5))
    run_jobs(at=NOON)
    with workspace(juniper):
        case = contract.dunning_cases.get()
        assert (case.tries, case.closed_at, len(case.counted)) == (2, None, 2)
    assert not fresh(contract).is_ended


def test_what_a_customer_tries_by_themselves_brings_no_contract_nearer_to_its_end(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, MONTH + timedelta(hours=13))
    with workspace(juniper):
        case = contract.dunning_cases.get()
        method_id = fresh(contract).payment_method_id
    at = NOON + MONTH + timedelta(hours=14)
    done = collecting.charge(juniper.pk, case.invoice_id, method_id=method_id, initiator="customer", at=at)
    run_jobs(at=NOON)
    with workspace(juniper):
        case.refresh_from_db()
        assert (done.state, case.tries, len(case.counted)) == ("declined", 1, 1)


def test_a_contract_without_a_usable_card_is_asked_for_and_then_ends(juniper):
    contract = subscribed(juniper)
    methods.detach(juniper.pk, contract.payment_method_id, at=NOON)
    advance(juniper, MONTH + timedelta(days=2))
    assert not fresh(contract).is_ended
    advance(juniper, MONTH + timedelta(days=16))
    after = fresh(contract)
    assert (after.state, after.end_reason) == ("ended", "payment_failed")
    with workspace(juniper):
        assert Invoice.objects.order_by("issued_at").last().state == "uncollectible"
        assert Grant.objects.filter(revoked_at=None).count() == 0


def test_a_trial_without_a_usable_card_ends_and_owes_nothing(juniper):
    contract = subscribed(juniper, trial_days=7)
    methods.detach(juniper.pk, contract.payment_method_id, at=NOON)
    advance(juniper, timedelta(days=8))
    assert fresh(contract).state == "ended"
    with workspace(juniper):
        assert Invoice.objects.count() == 0


def test_giving_up_one_item_gives_the_unserved_days_of_another_back(juniper):
    contract = combined(juniper, "month", "year", minor=36500)
    charged_by(contract, STOLEN)
    advance(juniper, MONTH + timedelta(hours=13))
    run_jobs(at=NOON)
    assert fresh(contract).end_reason == "payment_failed"
    with workspace(juniper):
        assert [(one.amount_minor, one.state) for one in Refund.objects.all()] == [(33500, "succeeded")]


def test_giving_up_closes_every_case_of_the_contract(juniper):
    contract = subscribed(juniper, interval_count=1)
    with workspace(juniper):
        contract.items.update(interval_unit="week", interval_count=1, charged_through=NOON + timedelta(days=7))
        Subscription.objects.filter(pk=contract.pk).update(renews_at=NOON + timedelta(days=7))
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, timedelta(days=40))
    assert fresh(contract).is_ended
    with workspace(juniper):
        assert contract.dunning_cases.count() > 1
        assert not contract.dunning_cases.filter(closed_at=None).exists()
        assert not Invoice.objects.filter(state="open").exists()


def test_a_charge_that_turns_out_to_have_succeeded_after_the_end_comes_back(juniper):
    contract = subscribed(juniper)
    charged_by(contract, LOST_TAKEN)
    advance(juniper, MONTH + timedelta(hours=13))
    with workspace(juniper):
        case = contract.dunning_cases.get()
        dunning.give_up(contract, at=NOON + MONTH + timedelta(hours=13))
    run_jobs(at=NOON + timedelta(hours=1))
    assert fresh(contract).is_ended
    with workspace(juniper):
        bill = Invoice.objects.get(id=case.invoice_id)
        assert (bill.state, bill.paid_minor, bill.payable_minor) == ("paid", 2900, 2900)
        assert Refund.objects.get().state == "succeeded"


def test_an_ordinary_payment_heard_of_after_the_end_gives_nothing_back(juniper):
    contract = subscribed(juniper)
    advance(juniper, MONTH + timedelta(days=20))
    with workspace(juniper):
        _cancelled(contract, at=NOON + MONTH + timedelta(days=20), when="now")
    run_jobs(at=NOON)
    assert fresh(contract).is_ended
    with workspace(juniper):
        assert CreditNote.objects.count() == 0


def test_taking_a_cancellation_back_brings_the_unpaid_period_back(juniper):
    contract = combined(juniper, "month", "year")
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, MONTH + timedelta(hours=13))
    at = NOON + MONTH + timedelta(hours=14)
    with workspace(juniper):
        made = _cancelled(contract, at=at)
        assert made.effective_at > at
        assert Invoice.objects.order_by("issued_at").last().state == "void"
        cancellation.undo(contract, by="customer", at=at)
    charged_by(contract, PAYS)
    renewal.renew(juniper.pk, contract.pk, at=at)
    with workspace(juniper):
        months = contract.items.get(role="base")
        lines = juniper.invoice_lines.filter(item_id=months.id, is_voided=False).order_by("period_start")
        assert [line.invoice.state for line in lines] == ["paid", "paid"]
        assert lines[0].period_end == lines[1].period_start


def test_what_was_paid_after_an_unpaid_period_is_served_and_charged_once(juniper):
    """By the week the next period may be paid while the one before is still asked for."""
    contract = combined(juniper, "week")
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, WEEK + timedelta(hours=1))
    with workspace(juniper):
        contract.dunning_cases.update(next_try_at=None)
    charged_by(contract, PAYS)
    advance(juniper, 2 * WEEK + timedelta(hours=1))
    with workspace(juniper):
        [first, late, paid] = Invoice.objects.order_by("issued_at", "number")
        assert [first.state, late.state, paid.state] == ["paid", "open", "paid"]
        through = contract.items.get().charged_through
    at = NOON + 2 * WEEK + timedelta(hours=2)
    with workspace(juniper):
        made = _cancelled(fresh(contract), at=at)
        assert local_date(made.effective_at, contract.timezone) == through
        cancellation.undo(fresh(contract), by="customer", at=at)
        assert contract.items.get().charged_through == through
    advance(juniper, 3 * WEEK + timedelta(hours=1))
    with workspace(juniper):
        starts = (
            InvoiceLine.objects.filter(is_voided=False).order_by("period_start").values_list("period_start", flat=True)
        )
        assert [(day - starts[0]).days for day in starts] == [0, 14, 21]


def test_a_contract_whose_end_is_planned_invoices_nothing_more(juniper):
    contract = combined(juniper, "month", "year")
    with workspace(juniper):
        _cancelled(contract, at=NOON)
    advance(juniper, timedelta(days=100))
    with workspace(juniper):
        assert Invoice.objects.count() == 1
    assert not fresh(contract).is_ended
    advance(juniper, timedelta(days=366))
    assert fresh(contract).is_ended


def _cancelled(contract: Subscription, *, at, when="period_end"):
    declaration = declaring.from_confirm_page({"when": when}, contract, door=CancellationRequest.Door.PORTAL)
    request = declaring.declare(declaration, received_at=at)
    return cancellation.put_in_force(request, contract, when=when, at=at)


def test_only_a_usable_card_of_the_same_customer_can_pay(juniper):
    contract = subscribed(juniper)
    foreign = saved(juniper, PAYS)
    own = saved(juniper, SAVES_THEN_FAILS, payer_key=contract.account_id)
    with workspace(juniper):
        with pytest.raises(MethodUnusable):
            paying.change_method(contract, foreign)
        PaymentMethod.objects.filter(pk=own.pk).update(state="failing")
        own.refresh_from_db()
        with pytest.raises(MethodUnusable):
            paying.change_method(contract, own)
        assert CreditNote.objects.count() == 0
