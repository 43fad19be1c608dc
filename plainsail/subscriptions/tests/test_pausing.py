"""A contract rests and goes on: nothing is invoiced meanwhile, and coming back costs what was shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.portal.services import grants
from plainsail.subscriptions.models import AskedBy, CancellationRequest, Pause, PolicyVersion, Subscription
from plainsail.subscriptions.services import allowances, declaring, letters, pausing, renewal
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


ON = date(2027, 1, 8)
PAUSING = {"version": 2, "by_customers": True, "most_days": 30, "access": "close", "move_days": 0}


def allow(of, **changed) -> None:
    with workspace(of):
        PolicyVersion.objects.create(kind="pausing", version=2, text=PAUSING | changed, made_at=NOON)


def test_a_pause_until_a_day_shows_what_going_on_costs_and_goes_on_by_itself(juniper):
    contract = subscribed(juniper, minor=3100)
    with workspace(juniper):
        rest = pausing.foresee(contract, resumes_on=ON, by=AskedBy.STAFF, at=NOON)
        assert (rest.begins_on, rest.shown, rest.resumption.next_charge_on) == (
            date(2026, 12, 23),
            euros(1500),
            date(2027, 1, 23),
        )
        pausing.pause(contract, resumes_on=ON, shown=rest.shown, at=NOON)
    advance(juniper, datetime(2027, 1, 9, tzinfo=UTC))
    with workspace(juniper):
        contract.refresh_from_db()
        assert (contract.state, contract.resumes_at) == ("active", None)
        assert list(Invoice.objects.order_by("issued_at").values_list("gross_minor", "state")) == [
            (3100, "paid"),
            (1500, "paid"),
        ]
        kinds = Delivery.objects.filter(source_kind__startswith="subscriptions.").order_by("created_at", "id")
        told = [kind.partition(".")[2] for kind in kinds.values_list("source_kind", flat=True)]
        assert told == ["paused", "notice_resuming", "resumed"]
    assert may_use(contract) == [True]


def test_going_on_that_would_cost_more_than_was_shown_waits_for_the_customers_word(juniper):
    contract = subscribed(juniper, minor=3100)
    with workspace(juniper):
        pausing.pause(contract, resumes_on=ON, at=NOON)
        Pause.objects.update(shown_minor=1499)
    advance(juniper, datetime(2027, 1, 9, tzinfo=UTC))
    with workspace(juniper):
        contract.refresh_from_db()
        assert (contract.state, contract.resumes_at, Invoice.objects.count()) == ("paused", None, 1)
        assert Delivery.objects.filter(source_kind="subscriptions.pause_asks").count() == 1


def test_a_pause_is_taken_back_before_it_begins_for_nothing(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        pausing.pause(contract, resumes_on=ON, at=NOON)
        shown = pausing.preview(contract, at=NOON + timedelta(days=1))
        assert shown.amount == euros(0)
        pausing.resume(contract, shown=shown.amount, at=NOON + timedelta(days=1))
        assert Pause.objects.get().ended_at == NOON + timedelta(days=1)
    advance(juniper, datetime(2026, 12, 24, tzinfo=UTC))
    with workspace(juniper):
        assert Invoice.objects.count() == 2


def test_customers_pause_only_where_the_policy_lets_them_and_within_its_days(juniper):
    contract = subscribed(juniper)
    with workspace(juniper), pytest.raises(pausing.NotAllowed):
        pausing.foresee(contract, resumes_on=ON, by=AskedBy.CUSTOMER, at=NOON)
    allow(juniper)
    with workspace(juniper):
        for day in (None, date(2026, 12, 23), date(2027, 2, 1)):
            with pytest.raises(pausing.BadDay):
                pausing.foresee(contract, resumes_on=day, by=AskedBy.CUSTOMER, at=NOON)
        made = pausing.pause(contract, by=AskedBy.CUSTOMER, resumes_on=ON, trace=Trace(ip="192.0.2.7"), at=NOON)
        assert made.consent.text == (
            f"I pause contract {contract.reference} with Juniper Pottery Studio: nothing is charged from 23 December 2026 on. "
            "On 8 January 2027 it goes on by itself and €14.03 is charged. I can end the pause sooner and cancel online "
            "at any time."
        )


def test_what_a_contract_allowed_when_it_was_bought_stays_allowed(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        contract.terms["pausing"] = PAUSING
        contract.save(update_fields=["terms"])
        assert allowances.of(contract).may_pause


def test_access_stays_open_where_the_policy_keeps_it(juniper):
    allow(juniper, access="keep")
    contract = subscribed(juniper)
    pause(contract)
    advance(juniper, LATER)
    assert may_use(contract) == [True]


def test_a_paused_contract_that_is_cancelled_never_goes_on_by_itself(juniper):
    contract = combined(juniper, "month", "year")
    with workspace(juniper):
        pausing.pause(contract, resumes_on=ON, at=NOON)
        data = {"when": "period_end"}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON)
    advance(juniper, NOON + timedelta(days=100))
    with workspace(juniper):
        contract.refresh_from_db()
        assert (contract.state, Invoice.objects.count()) == ("paused", 1)
