"""Refund policies: the first rule that matches, the better of two versions, and never less than the law gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.periods import BadPeriod, Interval, Period, boundary
from plainsail.subscriptions.services import policies
from plainsail.subscriptions.services.policies import BadPolicy, Case

YEAR, MONTH = Interval("year"), Interval("month")
BERLIN = "Europe/Berlin"
NONE = {"version": 1, "rules": [{"when": {}, "refund": "none"}], "pay_within": "P14D"}


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def case(on: str, *, interval: Interval = MONTH, start: str = "2026-05-01", **facts) -> Case:
    """A contract of 1 May 2026 in Berlin that ends on a day; the running period was paid for on its first day."""
    begins = date.fromisoformat(start)
    known = {
        "kind": "ordinary",
        "at": noon(on),
        "zone": BERLIN,
        "contract_at": noon("2026-05-01"),
        "first_paid_at": noon("2026-05-01"),
        "paid_at": noon(start),
        "interval": interval,
        "period": Period(begins, boundary(begins, interval, 1)),
        "is_first_period": start == "2026-05-01",
    }
    return Case(**known | facts)


def given_back(of: Case, *policy) -> tuple[Fraction, str]:
    found = policies.share(policy or [policies.DEFAULT_REFUND], of)
    return found.part, found.ground


@pytest.mark.parametrize(
    ("of", "part"),
    [
        (case("2026-05-15"), Fraction(1)),
        (case("2026-05-16"), Fraction(0)),
        (case("2026-06-05", start="2026-06-01"), Fraction(0)),
        (case("2026-05-16", interval=YEAR), Fraction(350, 365)),
        (case("2027-05-15", interval=YEAR, start="2027-05-01"), Fraction(1)),
        (case("2027-05-16", interval=YEAR, start="2027-05-01"), Fraction(351, 366)),
        (case("2026-05-20", kind="seller_closing"), Fraction(12, 31)),
        (case("2026-05-20", interval=Interval("month", 6)), Fraction(165, 184)),
    ],
)
def test_the_default_policy(of, part):
    assert given_back(of) == (part, "policy")


@pytest.mark.parametrize(
    ("at", "is_within"),
    [("2026-05-15T21:59:59.999999", True), ("2026-05-15T22:00:00", False), ("2026-05-01T00:00:00", False)],
)
def test_fourteen_days_last_to_the_end_of_the_last_local_day(at, is_within):
    of = replace(case("2026-05-02"), at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert of.is_within(policies.WITHDRAWAL, noon("2026-05-01")) is is_within


def test_a_withdrawal_in_time_gives_all_back_whatever_the_policy_says():
    assert given_back(case("2026-05-15", kind="withdrawal"), NONE) == (1, "withdrawal")


def test_a_withdrawal_that_comes_too_late_is_a_cancellation():
    assert given_back(case("2026-05-16", kind="withdrawal")) == (0, "policy")


def test_what_was_used_may_be_kept_where_the_start_was_asked_for():
    assert given_back(case("2026-05-11", kind="withdrawal", express_start=True), NONE) == (
        Fraction(21, 31),
        "withdrawal",
    )


def test_a_business_has_no_right_to_withdraw():
    assert given_back(case("2026-05-15", kind="withdrawal", is_consumer=False), NONE) == (0, "policy")


def test_a_year_that_renewed_tacitly_ends_a_month_after_notice_in_germany():
    """§ 309 no. 9 BGB: notice on 10 May ends on 10 June; the rest of the year comes back."""
    of = case("2027-05-10", interval=YEAR, start="2027-05-01", country="DE")
    assert given_back(of, NONE) == (Fraction((date(2028, 5, 1) - date(2027, 6, 10)).days, 366), "tacit_renewal")
    for other in ({"country": "FR"}, {"is_consumer": False}, {"is_first_period": True}):
        assert given_back(replace(of, **other), NONE) == (0, "policy")
    assert given_back(case("2026-06-10", start="2026-06-01", country="DE"), NONE) == (0, "policy")


def test_what_was_charged_after_the_notice_arrived_comes_back_whole():
    of = case("2026-05-31", start="2026-06-01", paid_at=noon("2026-06-01"))
    assert given_back(of, NONE) == (1, "charged_after_cancellation")


@pytest.mark.parametrize(("arrives", "back"), [("2026-05-31T22:00:00", 1), ("2026-05-31T22:00:01", 0)])
def test_what_has_not_begun_when_the_notice_arrives_comes_back_whole(arrives, back):
    """Midnight of 1 June in Berlin: the renewal is charged in the very moment in which somebody stops."""
    at = datetime.fromisoformat(arrives).replace(tzinfo=UTC)
    of = replace(case("2026-06-01", start="2026-06-01"), at=at, paid_at=datetime(2026, 5, 31, 22, tzinfo=UTC))
    assert given_back(of, NONE)[0] == back


def test_the_second_cooling_off_of_the_uk_waits_for_its_day(monkeypatch):
    of = case("2027-05-11", interval=YEAR, start="2027-05-01", country="GB")
    assert given_back(of, NONE) == (0, "policy")
    monkeypatch.setattr(policies, "SECOND_COOLING_OFF_FROM", date(2027, 4, 6))
    assert given_back(of, NONE) == (Fraction(356, 366), "second_cooling_off")
    assert given_back(case("2026-05-11", country="GB"), NONE) == (0, "policy")


def test_the_better_of_two_versions_counts():
    generous = {"version": 9, "rules": [{"when": {}, "refund": "full"}], "pay_within": "P14D"}
    for versions in ([NONE, generous], [generous, NONE]):
        assert given_back(case("2026-05-20"), *versions) == (1, "policy")


def test_a_policy_can_keep_the_day_of_ending_or_count_otherwise():
    prorated = {"version": 1, "rules": [{"when": {}, "refund": "prorated"}], "pay_within": "P14D"}
    of = case("2026-05-11")
    assert given_back(of, prorated | {"cancel_day": "used"})[0] == Fraction(20, 31)
    assert given_back(of, prorated | {"unit": "month30"})[0] == Fraction(20, 30)
    assert given_back(of, prorated | {"unit": "second"})[0] == Fraction(20 * 24 + 10, 31 * 24)


def test_what_was_paid_once_comes_back_whole_or_not_at_all():
    once = replace(case("2026-05-05"), interval=None, period=None)
    assert given_back(once)[0] == 1
    assert given_back(replace(once, at=noon("2026-05-20")))[0] == 0


def test_contracts_of_old_keep_the_policy_of_their_day():
    first = {
        "version": 1,
        "rules": [
            {"when": {"kind": ["withdrawal"]}, "refund": "full"},
            {"when": {"within_days": 30, "of": "first_payment"}, "refund": "full"},
            {"when": {"long_interval": True}, "refund": "prorated"},
            {"when": {"long_interval": False}, "refund": "none"},
        ],
        "pay_within_days": 10,
    }
    assert given_back(case("2026-05-31"), first)[0] == 1
    assert given_back(case("2026-06-01", interval=YEAR), first)[0] == Fraction(334, 365)
    assert policies.pay_within(first).days == 10


def rule(refund="full", **when):
    return {"version": 2, "rules": [{"when": when, "refund": refund}], "pay_within": "P14D"}


@pytest.mark.parametrize(
    "policy",
    [
        rule(weekday="monday"),
        rule("half"),
        rule(within="P14D"),
        rule(of="renewal"),
        rule(within="P14D", of="birthday"),
        rule() | {"unit": "hour"},
        rule() | {"cancel_day": "both"},
        rule() | {"fees_minor": 500},
        rule() | {"bonus": 1},
    ],
)
def test_what_is_not_understood_is_refused_not_guessed(policy):
    for asks in (policies.check, lambda one: policies.share([one], case("2026-05-02"))):
        with pytest.raises(BadPolicy):
            asks(policy)


def test_a_span_that_is_none_is_refused():
    with pytest.raises(BadPeriod):
        policies.check(rule(within="a fortnight", of="renewal"))


def test_the_policy_of_the_design_is_understood():
    policies.check(policies.DEFAULT_REFUND)
    policies.check(
        policies.DEFAULT_REFUND | {"destination": "original_method", "one_off_lines": "by_rule", "fees_minor": 0}
    )


refunds = st.sampled_from(["full", "prorated", "none", "full_less_used_if_express_start"])
whens = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"kind": st.lists(st.sampled_from(["ordinary", "withdrawal", "price_change"]))}),
    st.fixed_dictionaries(
        {
            "within": st.integers(0, 60).map(lambda days: f"P{days}D"),
            "of": st.sampled_from(["first_payment", "renewal", "contract"]),
        }
    ),
    st.fixed_dictionaries({"interval_min": st.sampled_from(["P1M", "P6M", "P1Y"])}),
    st.fixed_dictionaries({"interval_below": st.sampled_from(["P1M", "P6M", "P1Y"])}),
)
some_policies = st.lists(st.fixed_dictionaries({"when": whens, "refund": refunds}), max_size=4).map(
    lambda rules: {"version": 7, "rules": rules, "pay_within": "P14D"}
)
cases = st.builds(
    lambda days, interval, start, facts: case(
        str(date.fromisoformat(start) + timedelta(days=days)), interval=interval, start=start, **facts
    ),
    st.integers(0, 800),
    st.sampled_from([MONTH, YEAR, Interval("week"), Interval("month", 6)]),
    st.sampled_from(["2026-05-01", "2027-05-01"]),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["ordinary", "withdrawal", "price_change", "seller_closing"]),
            "country": st.sampled_from(["", "DE", "GB", "FR"]),
            "is_consumer": st.booleans(),
            "express_start": st.booleans(),
        }
    ),
)


@given(some_policies, some_policies, cases)
def test_a_newer_policy_never_gives_less_than_the_one_at_the_purchase(snapshot, newer, of):
    alone, both = given_back(of, snapshot)[0], given_back(of, snapshot, newer)[0]
    assert 0 <= alone <= both <= 1


@given(some_policies, cases)
def test_no_policy_gives_less_than_the_law(policy, of):
    assert given_back(of, policy)[0] >= given_back(of, NONE)[0]
