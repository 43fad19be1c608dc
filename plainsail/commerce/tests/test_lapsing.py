"""Orders that nobody pays for: they lapse after 23 hours, and nothing is charged for them any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import checkout, collecting, lapsing, receipts
from plainsail.commerce.services.checkout import StaleAttempt
from plainsail.commerce.tests.factories import NOON, bought, euros, monthly, offer, pay, placed
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, SandboxRecord
from plainsail.payments.services import charging
from plainsail.payments.tests.factories import CHECKED_ALWAYS, DECLINED, LOST_TAKEN, saved

LAPSED = NOON + timedelta(hours=23)


@pytest.fixture
def order(juniper) -> Order:
    with workspace(juniper):
        sold = monthly()
    return placed(juniper, sold)


def states(of) -> tuple[str, list[str]]:
    with workspace(of):
        return Order.objects.get().state, list(Invoice.objects.values_list("state", flat=True))


def test_an_order_lapses_when_it_was_not_paid_for_23_hours(juniper, order):
    pay(juniper, order, DECLINED)
    run_jobs(at=LAPSED - timedelta(seconds=1))
    assert states(juniper) == ("open", ["draft"])
    run_jobs(at=LAPSED)
    assert states(juniper) == ("expired", ["void"])
    with workspace(juniper):
        assert not juniper.subscriptions.exists()
        assert Invoice.objects.get().number == ""


def test_a_paid_order_never_lapses(juniper):
    bought(juniper)
    run_jobs(at=LAPSED + timedelta(days=2))
    assert states(juniper) == ("paid", ["paid"])


def test_a_lapsed_order_is_not_taken_up_again(juniper, order):
    run_jobs(at=LAPSED)
    with pytest.raises(StaleAttempt):
        placed(juniper, order.offer, order_id=order.id, at=LAPSED)
    assert checkout.proceed(juniper.pk, order.pk, at=LAPSED).state == "lapsed"
    with workspace(juniper):
        order.refresh_from_db()
        assert checkout.way_out(order) == ""


def test_its_page_says_so_and_leads_to_a_fresh_one(juniper, order, site_client):
    run_jobs(at=LAPSED)
    with workspace(juniper):
        token = receipts.token_of(order)
    page = site_client.get(f"/checkout/payment/{token}/")
    assert (page.status_code, "This order has lapsed" in page.content.decode()) == (200, True)
    assert f'href="/checkout/{order.offer.slug}/"' in page.content.decode()
    assert site_client.get(f"/checkout/{order.offer.slug}/?again={token}")["Location"] == f"/checkout/payment/{token}/"


def test_while_its_payment_may_come_through_it_waits(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    assert pay(juniper, order, LOST_TAKEN, at=LAPSED - timedelta(seconds=1)).state == "processing"
    with workspace(juniper):
        assert lapsing.run.function(at=LAPSED) == LAPSED + lapsing.LOOK_AGAIN
        assert not lapsing.lapse(order.id, at=LAPSED)
    run_jobs(at=LAPSED + timedelta(minutes=5))
    assert states(juniper) == ("paid", ["paid"])


def test_an_order_whose_payment_is_in_but_not_in_the_books_yet_waits_for_them(juniper):
    """A test clock that is moved on at that moment isn't stuck at an order that doesn't lapse."""
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    pay(juniper, order, LOST_TAKEN, at=NOON)
    with workspace(juniper):
        charge = Charge.objects.get()
    charging.look_up(juniper.pk, charge.id, at=NOON + timedelta(minutes=2))
    with workspace(juniper):
        charge.refresh_from_db()
        assert (charge.has_succeeded, lapsing.upcoming(LAPSED), lapsing.lapse(order.id, at=LAPSED)) == (
            True,
            None,
            False,
        )
    run_jobs(at=LAPSED)
    assert states(juniper) == ("paid", ["paid"])


def test_a_bank_s_check_that_nobody_finishes_lapses_with_its_order(juniper, order):
    assert pay(juniper, order, CHECKED_ALWAYS, at=LAPSED - timedelta(minutes=1)).state == "action"
    run_jobs(at=LAPSED)
    assert states(juniper)[0] == "open"
    for hours in range(1, 4):
        run_jobs(at=LAPSED + timedelta(hours=hours))
    assert states(juniper) == ("expired", ["void"])


def test_what_is_paid_all_the_same_goes_back(juniper, order):
    method = saved(juniper, payer_key=order.billing_account_id)
    with workspace(juniper):
        invoice = order.invoices.get()
        late = charging.begin(
            method, subject_id=invoice.pk, amount=euros(2900), initiator=Charge.Initiator.CUSTOMER, at=NOON
        )
        Charge.objects.filter(id=late.id).update(state=Charge.State.DECLINED)
    run_jobs(at=LAPSED)
    assert states(juniper) == ("expired", ["void"])
    with workspace(juniper):
        Charge.objects.filter(id=late.id).update(state=Charge.State.IN_FLIGHT)
    collecting.complete(juniper.pk, late.pk, at=LAPSED)
    run_jobs(at=LAPSED)
    assert states(juniper) == ("expired", ["void"])
    with workspace(juniper):
        assert sum(SandboxRecord.objects.filter(kind="refund").values_list("amount_minor", flat=True)) == 2900


def test_it_is_a_step_of_the_test_clock(juniper, order):
    with workspace(juniper):
        assert lapsing.upcoming(LAPSED - timedelta(seconds=1)) is None
        step = lapsing.upcoming(LAPSED)
        assert step is not None
    lapsing.perform(juniper.pk, step, LAPSED)
    assert states(juniper) == ("expired", ["void"])
    with workspace(juniper):
        assert lapsing.upcoming(LAPSED) is None
