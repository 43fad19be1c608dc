"""A business may promise more whenever it likes; what was promised at a purchase is never taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.subscriptions.models import PolicyVersion
from plainsail.subscriptions.services import cancellation, limits, policies, previewing, quoting, retries, revising
from plainsail.subscriptions.services.policies import BadPolicy
from plainsail.subscriptions.services.previewing import Sample
from plainsail.subscriptions.tests.factories import charged_by, subscribed
from plainsail.subscriptions.tests.test_policies import some_policies

SAVES_THEN_FAILS = "4000 0000 0000 0341"
YEAR = {"interval_count": 12}
STINGY = {"rules": [{"when": {}, "refund": "none"}], "pay_within": "P14D"}
GENEROUS = {"rules": [{"when": {}, "refund": "full"}], "pay_within": "P3D"}


def promise(kind: str, text: dict, *, by, at=NOON) -> PolicyVersion | None:
    return revising.change(kind, text, since=policies.terms()[kind]["version"], by=by, at=at)


def refund(contract, *, days: int) -> int:
    return cancellation.preview(contract, when="now", at=NOON + timedelta(days=days)).refund_minor


def test_a_contract_bought_before_and_one_bought_after(juniper, ada):
    """Fewer give-backs from now on: who bought before keeps what was promised to them."""
    before = subscribed(juniper, minor=36500, **YEAR)
    with workspace(juniper):
        promise("refund", STINGY, by=ada)
        juniper.offers.update(slug="before")
    after = subscribed(juniper, minor=36500, **YEAR)
    with workspace(juniper):
        assert (before.terms["refund"]["version"], after.terms["refund"]["version"]) == (2, 3)
        assert (refund(before, days=100), refund(after, days=100)) == (26500, 0)


def test_who_bought_before_gets_what_is_better_today(juniper, ada):
    contract = subscribed(juniper)
    with workspace(juniper):
        assert refund(contract, days=20) == 0
        promise("refund", GENEROUS, by=ada)
        quote = cancellation.preview(contract, when="now", at=NOON + timedelta(days=20))
        assert quote.refund_minor == 2900
        assert quote.refund_by == NOON + timedelta(days=23)  # the shorter of both spans


def test_the_longer_time_for_exporting_counts(juniper, ada):
    contract = subscribed(juniper)
    with workspace(juniper):
        for days, shown in ((90, 90), (10, 30)):
            promise("retention", {"grace_days": days, "documents_years": 10}, by=ada)
            assert cancellation.preview(contract, when="now", at=NOON).grace_days == shown


def test_a_customer_keeps_the_later_end_of_two_plans_for_declined_charges(juniper, ada):
    contract = subscribed(juniper)
    with workspace(juniper):
        promise("dunning", {"retry_days": [1], "then": "end"}, by=ada)
    charged_by(contract, SAVES_THEN_FAILS)
    clocks.advance(juniper.pk, to=NOON + timedelta(days=32), at=NOON)
    with workspace(juniper):
        contract.refresh_from_db()
        assert not contract.is_ended  # its own plan runs for fourteen days


def test_a_plan_under_way_is_not_changed(juniper, ada):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    clocks.advance(juniper.pk, to=NOON + timedelta(days=31), at=NOON)
    with workspace(juniper):
        promise("dunning", {"retry_days": [2, 20, 40], "then": "end"}, by=ada, at=NOON + timedelta(days=31))
    clocks.advance(juniper.pk, to=NOON + timedelta(days=46), at=NOON)
    with workspace(juniper):
        contract.refresh_from_db()
        assert contract.end_reason == "payment_failed"


def test_a_customer_can_be_written_to_at_the_first_and_the_last_only(juniper, ada):
    with workspace(juniper):
        promise("dunning", {"retry_days": [2, 4, 20], "then": "end", "mails": "first_and_last"}, by=ada)
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    clocks.advance(juniper.pk, to=NOON + timedelta(days=45), at=NOON)
    with workspace(juniper):
        assert contract.dunning_cases.get().tries == 3
        assert Delivery.objects.filter(source_kind="subscriptions.payment_failed").count() == 2


@pytest.mark.parametrize(
    ("own", "newest", "gentler"),
    [
        ([3, 7, 14], [1], [3, 7, 14]),
        ([3, 7], [5, 20], [5, 20]),
        ([3, 7, 14], [14], [14]),
        ([14], [3, 7, 14], [14]),
    ],
)
def test_the_gentler_plan_ends_later_and_declines_less(own, newest, gentler):
    assert retries.gentler({"retry_days": own}, {"retry_days": newest})["retry_days"] == gentler


@pytest.mark.django_db
def test_a_version_is_never_changed_or_deleted(juniper, ada):
    with workspace(juniper):
        made = promise("refund", GENEROUS, by=ada)
        for spoil in (made.delete, lambda: PolicyVersion.objects.update(by="")):
            with pytest.raises(IntegrityError), transaction.atomic():
                spoil()


def test_a_later_opened_text_is_not_overruled(juniper, ada):
    with workspace(juniper):
        revising.change("refund", GENEROUS, since=2, by=ada, at=NOON)
        with pytest.raises(revising.ChangedMeanwhile):
            revising.change("refund", STINGY, since=2, by=ada, at=NOON)
        with pytest.raises(revising.ChangedMeanwhile):
            revising.change("refund", STINGY, since=9, by=ada, at=NOON)


@pytest.mark.parametrize(
    ("kind", "text", "at"),
    [
        ("refund", GENEROUS | {"fees_minor": 500}, ("fees_minor",)),
        ("refund", GENEROUS | {"pay_within": "P15D"}, ("pay_within",)),
        ("refund", GENEROUS | {"pay_within": "soon"}, ("pay_within",)),
        ("refund", GENEROUS | {"rules": [{"when": {}, "refund": "half"}]}, ("rules", 0, "refund")),
        (
            "refund",
            GENEROUS | {"rules": [{"when": {"within": "x", "of": "contract"}, "refund": "full"}]},
            ("rules", 0, "within"),
        ),
        ("dunning", {"retry_days": [3], "then": "shout"}, ("then",)),
        ("dunning", {"retry_days": [3], "then": "end", "mails": "never"}, ("mails",)),
        ("dunning", {"retry_days": [], "then": "end"}, ("retry_days",)),
        ("retention", {"grace_days": 1, "documents_years": 10}, ("grace_days",)),
        ("retention", {"grace_days": 30, "documents_years": 10, "erase": "never"}, ()),
    ],
)
def test_a_fault_is_named_by_its_place(kind, text, at):
    with pytest.raises(BadPolicy) as fault:
        limits.check(kind, text)
    assert fault.value.at == at


samples = st.builds(
    lambda start, days, interval, minor, behavior, kind, consumer, country: Sample(
        price=Money(minor, "EUR"),
        tax_rate=Decimal(19),
        tax_behavior=behavior,
        interval=interval,
        starts_on=start,
        ends_on=start + timedelta(days=days),
        zone="Europe/Berlin",
        kind=kind,
        is_consumer=consumer,
        country=country,
    ),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 800),
    st.sampled_from([Interval("month"), Interval("year"), Interval("week", 2), Interval("month", 6)]),
    st.integers(1, 10**6),
    st.sampled_from(["inclusive", "exclusive"]),
    st.sampled_from(["ordinary", "withdrawal", "price_change"]),
    st.booleans(),
    st.sampled_from(["", "DE", "GB"]),
)


@given(some_policies, some_policies, samples)
def test_a_newer_policy_never_gives_less_money_back_nor_later(snapshot, newer, sample):
    """Invariant I22, to the cent of a whole quote."""
    alone = previewing.preview(sample, snapshot, newest=snapshot)
    both = previewing.preview(sample, snapshot, newest=newer)
    assert 0 <= alone.refund_minor <= both.refund_minor <= sample.paid.minor * (800 + 14)
    assert both.refund_by <= alone.refund_by
    assert both.effective_at == alone.effective_at


@settings(deadline=None)
@given(some_policies, samples)
def test_the_curve_is_what_each_of_its_days_gives_back(policy, sample):
    curve = dict(previewing.by_day(sample, policy))
    if sample.ends_on in curve:
        assert curve[sample.ends_on] == previewing.preview(sample, policy).refund_minor
    assert next(iter(curve)) == sample.period.start
    assert all(amount >= 0 for amount in curve.values())


@pytest.mark.parametrize("days", [0, 14, 15, 100, 364])
def test_what_is_tried_out_is_what_a_real_customer_gets(juniper, days):
    contract = subscribed(juniper, minor=36500, **YEAR)
    with workspace(juniper):
        real = cancellation.preview(contract, when="now", at=NOON + timedelta(days=days))
    sample = Sample(
        price=Money(36500, "EUR"),
        tax_rate=Decimal(0),
        tax_behavior="inclusive",
        interval=Interval("month", 12),
        starts_on=NOON.date(),
        ends_on=NOON.date() + timedelta(days=days),
        zone=contract.timezone,
        country="DE",
    )
    tried = previewing.preview(sample, policies.DEFAULT_REFUND)
    assert (tried.refund_minor, tried.effective_local.date()) == (real.refund_minor, real.effective_local.date())
    assert isinstance(tried, quoting.Quote)


def test_long_periods_are_looked_at_in_even_steps():
    sample = Sample(
        price=Money(1000, "EUR"),
        tax_rate=Decimal(0),
        tax_behavior="inclusive",
        interval=Interval("year", 3),
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 1, 1),
        zone="UTC",
    )
    days = [day for day, _amount in previewing.by_day(sample, policies.DEFAULT_REFUND)]
    assert len(days) <= previewing.MOST_POINTS
    assert {later - earlier for earlier, later in zip(days, days[1:], strict=False)} == {timedelta(days=3)}
    assert replace(sample, ends_on=date(2029, 1, 1)).period.start == date(2029, 1, 1)
