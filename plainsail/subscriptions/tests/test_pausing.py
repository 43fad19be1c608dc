"""A contract rests and goes on: nothing is invoiced meanwhile, and coming back costs what was shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.portal.services import grants
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import letters, pausing, renewal
from plainsail.subscriptions.tests.factories import combined, subscribed

LATER = datetime(2027, 1, 8, 12, tzinfo=UTC)
"""Half-way through the period from 23 December to 23 January: fifteen of its thirty-one days are left."""


def advance(of, to: datetime) -> None:
    clocks.advance(of.pk, to=to, at=NOON)


def pause(contract: Subscription, *, at: datetime = NOON) -> None:
    with workspace(contract.workspace_id):
        pausing.pause(contract, at=at)


def may_use(contract: Subscription) -> list[bool]:
    with workspace(contract.workspace_id):
        return [
            grants.has_access(contract.account.contact, item.product.resource_key, at=NOON)
            for item in contract.items.order_by("role", "-id")
        ]


def test_a_resting_contract_invoices_nothing_and_closes_when_its_paid_time_is_over(juniper):
    contract = subscribed(juniper)
    pause(contract)
    advance(juniper, datetime(2026, 12, 22, 12, tzinfo=UTC))
    assert may_use(contract) == [True]
    advance(juniper, LATER)
    assert may_use(contract) == [False]
    with workspace(juniper):
        assert Invoice.objects.count() == 1
        assert letters.next_charge(Subscription.objects.get(pk=contract.pk)) == "None"


def test_going_on_shows_its_price_first_and_charges_the_rest_of_the_period(juniper):
    contract = subscribed(juniper, minor=3100)
    pause(contract)
    advance(juniper, LATER)
    with workspace(juniper):
        contract.refresh_from_db()
        shown = pausing.preview(contract, at=LATER)
        assert (shown.amount, shown.next_charge_on) == (euros(1500), date(2027, 1, 23))
        with pytest.raises(pausing.AmountChanged):
            pausing.resume(contract, shown=euros(1499), at=LATER)
        pausing.resume(contract, shown=shown.amount, at=LATER)
    renewal.renew(juniper.pk, contract.pk, at=LATER)
    assert may_use(contract) == [True]
    with workspace(juniper):
        bills = list(Invoice.objects.order_by("issued_at").values_list("gross_minor", "state"))
        assert bills == [(3100, "paid"), (1500, "paid")]
        contract.refresh_from_db()
        assert contract.renews_at == datetime(2027, 1, 22, 23, tzinfo=UTC)


def test_going_on_within_the_paid_time_costs_nothing(juniper):
    contract = subscribed(juniper)
    pause(contract)
    at = NOON + timedelta(days=5)
    with workspace(juniper):
        shown = pausing.preview(contract, at=at)
        assert (shown.amount, shown.next_charge_on) == (euros(0), date(2026, 12, 23))
        pausing.resume(contract, shown=shown.amount, at=at)
    renewal.renew(juniper.pk, contract.pk, at=at)
    with workspace(juniper):
        assert Invoice.objects.count() == 1


def test_each_item_stays_open_for_as_long_as_it_is_paid(juniper):
    contract = combined(juniper, "month", "year")
    pause(contract)
    advance(juniper, LATER)
    assert sorted(may_use(contract)) == [False, True]
    advance(juniper, NOON + timedelta(days=366))
    assert may_use(contract) == [False, False]


def test_only_a_running_paid_contract_rests_and_only_a_resting_one_goes_on(juniper):
    running, trial = subscribed(juniper), subscribed(juniper, trial_days=14)
    with workspace(juniper):
        with pytest.raises(pausing.NotPaused):
            pausing.preview(running, at=NOON)
        with pytest.raises(pausing.NotPausable):
            pausing.pause(trial, at=NOON)
        pausing.pause(running, at=NOON)
        with pytest.raises(pausing.NotPausable):
            pausing.pause(running, at=NOON)
