"""Which payment is a contract's first one: a policy may give it back whole, and a change of the plan begins no second."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from plainsail.commerce.models import CreditNote
from plainsail.commerce.services import clocks
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import addons, cancellation, changing, declaring
from plainsail.subscriptions.services.changing import Wanted
from plainsail.subscriptions.services.quoting import Quote
from plainsail.subscriptions.tests.factories import subscribed

TRACE = Trace(ip="203.0.113.9", user_agent="Firefox")


def change(contract: Subscription, minor: int, *, at: datetime, **terms) -> None:
    with workspace(contract.workspace_id):
        sold = commerce.offer("Pro", minor, **{"interval": "month"} | terms)
        wanted = Wanted(sold.price, sold.name)
        shown = changing.preview(fresh(contract), wanted, at=at).digest
    changing.choose(contract.workspace_id, contract.id, wanted, shown=shown, trace=TRACE, at=at)


def fresh(contract: Subscription) -> Subscription:
    return Subscription.objects.select_related("account", "workspace").get(id=contract.id)


def ending_now(contract: Subscription, *, at: datetime) -> Quote:
    with workspace(contract.workspace_id):
        return cancellation.preview(fresh(contract), when="now", at=at)


def cancel_now(contract: Subscription, *, at: datetime) -> None:
    declaration = declaring.from_confirm_page({"when": "now"}, contract, door=CancellationRequest.Door.PORTAL)
    cancellation.put_in_force(declaring.declare(declaration, received_at=at), fresh(contract), when="now", at=at)


def given(quote: Quote) -> list[tuple[str, int]]:
    return [(line.rule, line.amount_minor) for line in quote.refunds]


def advance(contract: Subscription, days: int) -> datetime:
    clocks.advance(contract.workspace_id, to=NOON + timedelta(days=days), at=NOON)
    return NOON + timedelta(days=days)


WHOLE = [("full", 967), ("full", 3933)]
"""What was kept of the first plan for the days that it ran, and the second's payment."""


@pytest.mark.parametrize(("days", "back"), [(10, WHOLE), (14, WHOLE), (15, [])])
def test_a_change_in_the_first_days_comes_back_whole_as_long_as_the_first_payment_does(juniper, days, back):
    contract = subscribed(juniper)
    change(contract, 5900, at=NOON + timedelta(days=10))
    assert given(ending_now(contract, at=NOON + timedelta(days=days))) == back


def test_in_the_first_days_cancelling_gives_what_withdrawing_does_whatever_was_changed(juniper):
    contract, at = subscribed(juniper), NOON + timedelta(days=9)
    change(contract, 5900, at=NOON + timedelta(days=3))
    change(contract, 9900, at=NOON + timedelta(days=6))
    with workspace(juniper):
        both = [
            cancellation.preview(fresh(contract), when="now", kind=kind, at=at) for kind in ("ordinary", "withdrawal")
        ]
        taken = sum(Charge.objects.values_list("amount_minor", flat=True))
        back = sum(CreditNote.objects.values_list("payable_minor", flat=True))
        cancel_now(contract, at=at)
        assert sum(CreditNote.objects.values_list("payable_minor", flat=True)) == taken
    assert {quote.refund_minor for quote in both} == {taken - back}


def test_a_plan_replaced_on_its_first_day_leaves_nothing_to_give_back(juniper):
    contract = subscribed(juniper)
    change(contract, 5900, at=NOON + timedelta(hours=1))
    assert given(ending_now(contract, at=NOON + timedelta(days=2))) == [("full", 5900)]


def test_a_year_that_a_dearer_one_replaced_gives_nothing_for_the_days_that_it_ran(juniper):
    contract = subscribed(juniper, minor=36500, interval_count=12)
    changed = advance(contract, 100)
    change(contract, 73000, at=changed, interval_count=12)
    [line] = ending_now(contract, at=changed + timedelta(days=3)).refunds
    assert (line.rule, line.amount_minor) == ("prorated", 73000 * 262 // 365)


def test_later_a_dearer_plan_brings_no_second_first_payment(juniper):
    contract = subscribed(juniper)
    changed = advance(contract, 40)
    change(contract, 5900, at=changed)
    assert given(ending_now(contract, at=changed + timedelta(days=3))) == []


def test_of_a_change_to_a_year_the_days_not_used_come_back(juniper):
    contract = subscribed(juniper)
    changed = advance(contract, 40)
    change(contract, 36500, at=changed, interval_count=12)
    [line] = ending_now(contract, at=changed + timedelta(days=3)).refunds
    assert line.rule == "prorated"


def test_a_cheaper_year_that_begins_where_the_last_one_ended_is_a_renewal(juniper):
    contract = subscribed(juniper, minor=36500, interval_count=12)
    change(contract, 18250, at=NOON + timedelta(days=10), interval_count=12)
    renewed = advance(contract, 366)
    assert given(ending_now(contract, at=renewed + timedelta(days=3))) == [("full", 18250)]


def test_an_addon_has_a_first_payment_of_its_own(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        sold = commerce.offer("Kiln", 1000, interval="month")
        addons.offer_to(contract.items.get().product, sold.price.product, at=NOON)
    added = advance(contract, 55)
    with workspace(juniper):
        [offer] = addons.offered(fresh(contract), at=added)
        shown = addons.preview(fresh(contract), offer, at=added)
    addons.choose(juniper.pk, contract.pk, offer, shown=shown.digest, trace=TRACE, return_path="/account/", at=added)
    assert given(ending_now(contract, at=added + timedelta(days=1))) == [("full", shown.charge_minor)]
