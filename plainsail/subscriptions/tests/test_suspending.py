"""A contract that nobody pays rests instead of ending, where its policy says so; its customer goes on when they can pay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce import queries as books
from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.tests.factories import PAYS, STOLEN
from plainsail.portal.services import grants
from plainsail.subscriptions.models import CancellationRequest, DunningCase, Pause, Subscription
from plainsail.subscriptions.services import declaring, dunning, overdue, pausing, revising
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed

DAY = timedelta(days=1)
GIVEN_UP = timedelta(days=46)
"""A month, and the fourteen days of the tries, and two more."""
SAVES_THEN_FAILS = "4000 0000 0000 0341"
RESTS = {"retry_days": [3, 7, 14], "then": "pause"}


@pytest.fixture(autouse=True)
def _policy(juniper, ada) -> None:
    with workspace(juniper):
        revising.change("dunning", RESTS, since=1, by=ada, at=NOON - DAY)


def advance(of, by: timedelta) -> None:
    clocks.advance(of.pk, to=NOON + by, at=NOON)
    run_jobs(at=NOON)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def may_use(contract: Subscription) -> bool:
    with workspace(contract.workspace_id):
        item = contract.items.select_related("product").get()
        return grants.has_access(contract.account.contact, item.product.resource_key, at=NOON)


def unpaid(of, number: str = SAVES_THEN_FAILS) -> Subscription:
    contract = subscribed(of)
    charged_by(contract, number)
    advance(of, GIVEN_UP)
    return fresh(contract)


def test_it_rests_owes_nothing_and_what_it_opened_is_closed(juniper):
    contract = unpaid(juniper)
    assert (contract.state, contract.ended_at, contract.renews_at) == ("paused", None, None)
    assert not may_use(contract)
    with workspace(juniper):
        assert Pause.objects.get().by == "policy"
        assert not DunningCase.objects.filter(closed_at=None).exists()
        bill = Invoice.objects.order_by("issued_at").last()
        assert (bill.state, bill.due.minor, CreditNote.objects.get().reason) == ("void", 0, "Not paid")
        assert not any(kind == "receivable" for kind, _subject, _currency in books.balances())
        assert Delivery.objects.filter(source_kind="subscriptions.suspended").count() == 1


def test_nothing_is_invoiced_while_it_rests(juniper):
    contract = unpaid(juniper)
    with workspace(juniper):
        before = Invoice.objects.count()
    advance(juniper, timedelta(days=400))
    with workspace(juniper):
        assert Invoice.objects.count() == before
    assert fresh(contract).state == "paused"


def test_with_another_card_its_customer_goes_on_for_the_rest_of_the_period(juniper):
    contract = unpaid(juniper)
    charged_by(contract, PAYS)
    at = NOON + GIVEN_UP
    with workspace(juniper):
        going_on = pausing.preview(fresh(contract), at=at)
        assert 0 < going_on.amount.minor < 2900
        pausing.resume(contract, shown=going_on.amount, at=at)
    advance(juniper, GIVEN_UP + timedelta(hours=1))
    after = fresh(contract)
    assert (after.state, may_use(contract)) == ("active", True)
    with workspace(juniper):
        assert Invoice.objects.filter(state="paid").latest("issued_at").gross == going_on.amount


def test_going_on_with_the_same_bad_card_is_tried_and_rests_again(juniper):
    contract = unpaid(juniper)
    at = NOON + GIVEN_UP
    with workspace(juniper):
        pausing.resume(contract, shown=pausing.preview(contract, at=at).amount, at=at)
    advance(juniper, GIVEN_UP + timedelta(days=16))
    assert fresh(contract).state == "paused"
    with workspace(juniper):
        assert Pause.objects.count() == 2


def test_a_stolen_card_stops_the_tries_at_once_and_lets_it_rest(juniper):
    contract = subscribed(juniper)
    charged_by(contract, STOLEN)
    advance(juniper, timedelta(days=32))
    assert fresh(contract).state == "paused"


def test_who_told_the_bank_to_stop_has_ended_it(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, timedelta(days=31))
    with workspace(juniper):
        case = DunningCase.objects.get()
        dunning._fail(case, decline_class="consent_withdrawn", at=NOON + timedelta(days=31))
    assert (fresh(contract).state, fresh(contract).end_reason) == ("ended", "payment_failed")


def test_staff_who_let_it_be_end_it(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, timedelta(days=31))
    with workspace(juniper):
        overdue.let_be(DunningCase.objects.get().pk, at=NOON + timedelta(days=31))
    assert fresh(contract).is_ended


def test_it_can_be_cancelled_while_it_rests(juniper):
    contract = unpaid(juniper)
    with workspace(juniper):
        data = {"when": "period_end", "shown_refund": 0}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON + GIVEN_UP)
    advance(juniper, GIVEN_UP + DAY)
    assert fresh(contract).is_ended


def test_what_else_is_paid_for_stays_open_until_it_is_served(juniper):
    contract = combined(juniper, "month", "year", minor=36500)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, GIVEN_UP)
    after = fresh(contract)
    assert (after.state, after.renews_at is not None) == ("paused", True)
    with workspace(juniper):
        opened = [
            grants.has_access(contract.account.contact, item.product.resource_key, at=NOON)
            for item in contract.items.select_related("product").order_by("interval_unit")
        ]
    assert opened == [False, True]


def test_parts_that_nobody_pays_end_it_as_ever(juniper):
    contract = subscribed(juniper, payments=6)
    charged_by(contract, SAVES_THEN_FAILS)
    advance(juniper, GIVEN_UP)
    assert fresh(contract).is_ended
