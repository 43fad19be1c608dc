"""Another day for the next charge: shown first, then done; no day is paid for twice, none is forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import CreditNote, Invoice, InvoiceLine
from plainsail.commerce.services import clocks
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Dispute
from plainsail.payments.tests.factories import DISPUTED
from plainsail.subscriptions.models import AskedBy, DateMove, PolicyVersion, Subscription
from plainsail.subscriptions.services import cancellation, pausing, policies, rescheduling
from plainsail.subscriptions.tests.factories import combined, subscribed

FORESEEN = date(2026, 12, 23)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def move(
    contract: Subscription, to_on: date, *, days: str = "given", by: AskedBy = AskedBy.STAFF, trace: Trace | None = None
) -> DateMove:
    with workspace(contract.workspace_id):
        shown = rescheduling.preview(contract, to_on, days=days, by=by, at=NOON)
        return rescheduling.move(contract, to_on, days=days, shown=shown.digest, by=by, trace=trace, at=NOON)


def periods(contract: Subscription) -> list[tuple[date, date, int]]:
    with workspace(contract.workspace_id):
        return list(
            InvoiceLine.objects.order_by("period_start").values_list("period_start", "period_end", "gross_minor")
        )


def let_customers_move(of, days: int) -> None:
    with workspace(of):
        text = {**policies.DEFAULT_PAUSING, "version": 2, "move_days": days}
        PolicyVersion.objects.create(kind="pausing", version=2, text=text, made_at=NOON)


def test_days_until_a_later_charge_can_be_given(juniper):
    contract = subscribed(juniper, minor=3100)
    made = move(contract, date(2027, 1, 5))
    clocks.advance(juniper.pk, to=datetime(2027, 2, 6, tzinfo=UTC), at=NOON)
    assert (made.days, made.from_on, made.old_anchor_on) == ("given", FORESEEN, date(2026, 11, 23))
    assert periods(contract) == [
        (date(2026, 11, 23), FORESEEN, 3100),
        (date(2027, 1, 5), date(2027, 2, 5), 3100),
        (date(2027, 2, 5), date(2027, 3, 5), 3100),
    ]


def test_days_until_a_later_charge_can_be_charged_for_themselves(juniper):
    contract = subscribed(juniper, minor=3100)
    with workspace(juniper):
        shown = rescheduling.preview(contract, date(2027, 1, 5), days="charged", by=AskedBy.STAFF, at=NOON)
    assert (shown.bridge, shown.next_charge, shown.number) == (euros(1300), euros(3100), 13)
    move(contract, date(2027, 1, 5), days="charged")
    clocks.advance(juniper.pk, to=datetime(2027, 1, 6, tzinfo=UTC), at=NOON)
    assert periods(contract) == [
        (date(2026, 11, 23), FORESEEN, 3100),
        (FORESEEN, date(2027, 1, 5), 1300),
        (date(2027, 1, 5), date(2027, 2, 5), 3100),
    ]


def test_an_earlier_charge_pays_back_the_days_that_were_paid_already(juniper):
    contract = subscribed(juniper, minor=3000)
    with workspace(juniper):
        shown = rescheduling.preview(contract, date(2026, 12, 1), days="given", by=AskedBy.STAFF, at=NOON)
    assert (shown.days, shown.comes_back, shown.next_charge) == ("credited", euros(2200), euros(3000))
    move(contract, date(2026, 12, 1))
    run_jobs(at=NOON)
    clocks.advance(juniper.pk, to=datetime(2026, 12, 2, tzinfo=UTC), at=NOON)
    with workspace(juniper):
        assert CreditNote.objects.get().payable_minor == 2200
        assert Invoice.objects.count() == 2
    assert periods(contract)[-1] == (date(2026, 12, 1), date(2027, 1, 1), 3000)


def test_the_receipt_says_what_was_shown(juniper):
    move(subscribed(juniper), date(2027, 1, 5))
    with workspace(juniper):
        assert Delivery.objects.filter(source_kind="subscriptions.charge_date_moved").count() == 1


def test_customers_move_within_what_the_policy_allows_and_pay_for_the_days(juniper):
    contract = subscribed(juniper, minor=3100)
    with workspace(juniper), pytest.raises(pausing.NotAllowed):
        rescheduling.window(contract, by=AskedBy.CUSTOMER, at=NOON)
    let_customers_move(juniper, 7)
    with workspace(juniper), pytest.raises(rescheduling.BadDay):
        rescheduling.preview(contract, date(2026, 12, 31), days="given", by=AskedBy.CUSTOMER, at=NOON)
    made = move(contract, date(2026, 12, 30), by=AskedBy.CUSTOMER, trace=Trace(ip="192.0.2.7"))
    with workspace(juniper):
        assert made.days == "charged"
        assert made.consent.text.startswith(f"I move the next charge of contract {contract.reference}")
        assert "€7.23 on 23 December 2026" in made.consent.text


@pytest.mark.parametrize("to_on", [date(2026, 11, 23), date(2026, 11, 1), FORESEEN, date(2028, 1, 1)])
def test_days_that_are_no_choice_are_refused(juniper, to_on):
    contract = subscribed(juniper)
    with workspace(juniper), pytest.raises(rescheduling.BadDay):
        rescheduling.preview(contract, to_on, days="given", by=AskedBy.STAFF, at=NOON)


def test_only_a_running_contract_whose_items_go_together_can_be_moved(juniper):
    trial, mixed = subscribed(juniper, trial_days=14), combined(juniper, "month", "year")
    cancelled = subscribed(juniper, name="Other club")
    with workspace(juniper):
        pausing.pause(cancelled, at=NOON)
        for contract in (trial, mixed, cancelled):
            with pytest.raises(rescheduling.NotMovable):
                rescheduling.window(contract, by=AskedBy.STAFF, at=NOON)


def test_a_disputed_payment_isnt_credited_so_its_charge_isnt_moved_ahead(juniper):
    contract = subscribed(juniper, number=DISPUTED)
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        assert Dispute.objects.exists()
        with pytest.raises(rescheduling.NotMovable):
            rescheduling.preview(contract, date(2026, 12, 1), days="given", by=AskedBy.STAFF, at=NOON)
        assert rescheduling.preview(contract, date(2027, 1, 1), days="given", by=AskedBy.STAFF, at=NOON).back == ()


def test_what_changed_since_it_was_shown_is_shown_again(juniper):
    contract = subscribed(juniper)
    with workspace(juniper), pytest.raises(pausing.AmountChanged):
        rescheduling.move(contract, date(2027, 1, 5), days="given", shown="", by=AskedBy.STAFF, at=NOON)


def test_after_a_move_cancelling_now_gives_back_by_the_new_periods(juniper):
    contract = subscribed(juniper, minor=3000)
    move(contract, date(2026, 12, 1))
    with workspace(juniper):
        quote = cancellation.preview(fresh(contract), when="now", at=NOON)
        assert quote.refund_minor == 800
        assert cancellation.preview(fresh(contract), when="period_end", at=NOON).effective_local.date() == date(
            2026, 12, 1
        )


def test_a_yearly_charge_put_ahead_by_staff_waits_for_its_notice(juniper):
    contract = combined(juniper, "year", minor=12000)
    move(contract, date(2026, 11, 30))
    clocks.advance(juniper.pk, to=datetime(2026, 12, 5, tzinfo=UTC), at=NOON)
    with workspace(juniper):
        assert Invoice.objects.count() == 1
