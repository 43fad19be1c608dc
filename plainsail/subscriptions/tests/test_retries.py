"""Further tries of a declined charge, and when a customer is asked for what is overdue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.subscriptions.services import policies, retries
from plainsail.subscriptions.services.retries import Asked, BadSchedule, Campaign

DAY = date(2026, 1, 1)
CAMPAIGN = Campaign(2, 2, {"EUR": Money(15000, "EUR"), "JPY": Money(1000, "JPY")})


def test_a_policy_names_the_days_or_their_distance():
    assert retries.days({"retry_days": [3, 7, 14]}) == (3, 7, 14)
    assert retries.days({"every_days": 8, "retries": 3}) == (8, 16, 24)
    assert retries.dates(DAY, {"every_days": 8, "retries": 0}) == []


@pytest.mark.parametrize("policy", [{"retry_days": [3, 3]}, {"retry_days": [0]}, {"every_days": 0, "retries": 2}])
def test_tries_follow_each_other(policy):
    with pytest.raises(BadSchedule):
        retries.days(policy)


def test_the_tries_of_the_default_stay_below_what_networks_allow():
    """Four an invoice, the first included; Visa and Mastercard stop at 20 and 35 in thirty days."""
    assert len(retries.days(policies.DEFAULT_DUNNING)) + 1 <= 4


def test_a_further_try_comes_at_the_local_time_of_the_first():
    """The clocks go forward in between."""
    first = datetime(2026, 3, 26, 8, tzinfo=UTC)
    again = [
        retries.next_try({"retry_days": [3, 7]}, first_tried_at=first, tries=tries, zone="Europe/Berlin")
        for tries in range(3)
    ]
    assert again == [datetime(2026, 3, 29, 7, tzinfo=UTC), datetime(2026, 4, 2, 7, tzinfo=UTC), None]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.lists(st.integers(1, 60), min_size=1, max_size=8, unique=True).map(sorted),
    st.sampled_from(["UTC", "America/Los_Angeles", "Australia/Lord_Howe"]),
)
def test_tries_fall_on_the_days_of_the_policy(first, days, zone):
    policy = {"retry_days": days}
    moments = [retries.next_try(policy, first_tried_at=first, tries=n, zone=zone) for n in range(len(days))]
    assert [local_date(moment, zone) for moment in moments] == retries.dates(local_date(first, zone), policy)


def test_a_customer_is_asked_from_a_threshold_on():
    short, enough = {"EUR": Money(14999, "EUR")}, {"EUR": Money(15000, "EUR")}
    assert retries.to_ask(CAMPAIGN, Asked(), short, on=DAY) == []
    assert retries.to_ask(CAMPAIGN, Asked(), enough, on=DAY) == ["EUR"]
    assert retries.to_ask(Campaign(1, 1, {"EUR": Money(0, "EUR")}), Asked(), {}, on=DAY) == []


def test_once_all_is_paid_asking_begins_anew():
    asked = Asked({"EUR": 2, "JPY": 1}, DAY)
    assert retries.settled(asked, "EUR") == Asked({"JPY": 1}, DAY)
    assert retries.settled(Asked({"EUR": 2}, DAY), "EUR") == Asked()


debts = st.dictionaries(st.sampled_from(["EUR", "JPY"]), st.integers(0, 30000), max_size=2)


@given(st.lists(st.tuples(st.integers(0, 4), debts), max_size=15))
def test_a_customer_is_never_asked_too_often_or_too_fast(days):
    asked, on, last = Asked(), DAY, None
    for gap, owed in days:
        on += timedelta(days=gap)
        overdue = {currency: Money(minor, currency) for currency, minor in owed.items()}
        currencies = retries.to_ask(CAMPAIGN, asked, overdue, on=on)
        if currencies:
            assert last is None or (on - last).days > CAMPAIGN.days_between
            assert all(overdue[currency] >= CAMPAIGN.thresholds[currency] for currency in currencies)
            last = on
        asked = retries.ask(asked, currencies, on=on)
        assert all(count <= CAMPAIGN.max_attempts for count in asked.attempts.values())
