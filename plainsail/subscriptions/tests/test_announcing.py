"""The calendar of announcements: for every contract and every zone, each letter lies in all the windows that apply (R49)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.periods import Interval, boundary, day_start, local_date
from plainsail.subscriptions.services import announcing
from plainsail.subscriptions.services.announcing import Contract, Recurring

BERLIN = "Europe/Berlin"
MONTH, YEAR = Interval("month"), Interval("year")


def contract(*intervals: Interval, start: str = "2026-01-10", zone: str = BERLIN, trial: int = 0) -> Contract:
    """A contract bought at noon of a day: its first periods are paid for, or its trial of so many days runs."""
    day = date.fromisoformat(start)
    anchor = day + timedelta(days=trial)
    return Contract(
        items=tuple(
            Recurring(interval, anchor, anchor if trial else boundary(anchor, interval, 1)) for interval in intervals
        ),
        anchor=anchor,
        zone=zone,
        started_at=datetime.combine(day, time(12), tzinfo=ZoneInfo(zone)).astimezone(UTC),
        trial_ends_on=anchor if trial else None,
    )


def first(of: Contract, number: int) -> list[tuple[str, str, str]]:
    """Kind, day of the charge, local moment of the letter."""
    found = islice(announcing.calendar(of), number)
    return [
        (one.kind, f"{one.about_on}", f"{one.due_at.astimezone(ZoneInfo(of.zone)):%Y-%m-%d %H:%M}") for one in found
    ]


def test_a_year_is_announced_three_weeks_before_and_three_days_before():
    assert first(contract(YEAR), 3) == [
        ("renewal", "2027-01-10", "2026-12-20 09:00"),
        ("renewal_soon", "2027-01-10", "2027-01-07 09:00"),
        ("renewal", "2028-01-10", "2027-12-20 09:00"),
    ]


@pytest.mark.parametrize(
    ("interval", "kind"),
    [(Interval("month", 6), "renewal"), (Interval("month", 5), "half_year"), (Interval("day", 182), "renewal")],
)
def test_six_months_are_long(interval, kind):
    assert first(contract(interval), 1)[0][0] == kind


def test_what_is_paid_every_month_is_announced_every_six():
    assert first(contract(MONTH), 3) == [
        ("half_year", "2026-07-10", "2026-06-26 09:00"),
        ("half_year", "2027-01-10", "2026-12-27 09:00"),
        ("half_year", "2027-07-10", "2027-06-26 09:00"),
    ]


def test_what_is_paid_every_week_is_announced_at_the_first_payment_after_six_months():
    assert first(contract(Interval("week")), 2) == [
        ("half_year", "2026-07-11", "2026-06-27 09:00"),
        ("half_year", "2027-01-16", "2027-01-02 09:00"),
    ]


def test_one_letter_speaks_of_a_plan_and_its_addon_that_are_due_on_one_day():
    assert [kind for kind, _about, _at in first(contract(YEAR, MONTH), 3)] == ["half_year", "renewal", "renewal_soon"]


def test_a_long_trial_is_announced_seven_days_before_and_charged_at_noon():
    of = contract(MONTH, start="2026-03-16", trial=14)  # the clocks go forward on 29 March
    assert first(of, 1) == [("trial", "2026-03-30", "2026-03-23 09:00")]
    said = next(announcing.calendar(of))
    assert said.charge_at == datetime(2026, 3, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(("days", "letters"), [(8, "trial"), (7, "trial_short"), (2, "trial_short")])
def test_a_short_trial_has_a_word_a_day_before(days, letters):
    of = contract(YEAR, trial=days)
    said = next(announcing.calendar(of))
    assert said.kind == letters
    if letters == "trial_short":
        assert said.charge_at == day_start(of.anchor, BERLIN)
        assert said.charge_at - said.due_at == timedelta(hours=24)
        assert not said.is_required


def test_a_trial_of_a_day_is_confirmed_and_that_is_all():
    assert first(contract(YEAR, trial=1), 1)[0][0] == "renewal"


def test_what_somebody_has_just_asked_for_is_not_announced():
    """A contract whose first days are due at once, as it is opened."""
    day = date(2026, 1, 10)
    of = Contract((Recurring(YEAR, day, day),), day, BERLIN, datetime(2026, 1, 10, 11, tzinfo=UTC))
    assert first(of, 1) == [("renewal", "2027-01-10", "2026-12-20 09:00")]


def test_nothing_is_announced_where_nothing_recurs():
    assert list(announcing.calendar(contract())) == []


@pytest.mark.parametrize(
    ("kind", "sent", "from_on"),
    [
        ("trial", "2026-03-23 08:00", "2026-03-30 12:00"),
        ("trial", "2026-03-23 12:30", "2026-03-31 12:00"),
        ("renewal", "2026-03-01 09:00", "2026-03-17 00:00"),
        ("half_year", "2026-03-01 09:00", "2026-03-09 00:00"),
    ],
)
def test_a_late_letter_moves_its_charge(kind, sent, from_on):
    zone = ZoneInfo(BERLIN)
    at = datetime.fromisoformat(sent).replace(tzinfo=zone)
    found = announcing.earliest(kind, sent_at=at, zone=BERLIN)
    assert found == datetime.fromisoformat(from_on).replace(tzinfo=zone)


zones = st.sampled_from(
    [
        "UTC",
        BERLIN,
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Pacific/Kiritimati",
    ]
)
intervals = st.sampled_from(
    [
        *(Interval("month", count) for count in (1, 2, 3, 5, 6, 7, 12)),
        *(Interval("year", count) for count in (1, 2)),
        *(Interval("week", count) for count in (1, 2, 26)),
        *(Interval("day", count) for count in (1, 30, 181, 182)),
    ]
)
contracts = st.builds(
    lambda some, start, zone, trial: contract(*some, start=start.isoformat(), zone=zone, trial=trial),
    st.lists(intervals, min_size=1, max_size=3),
    st.dates(date(2020, 1, 1), date(2032, 12, 31)),
    zones,
    st.sampled_from([0, 0, 1, 2, 7, 8, 14, 30, 90]),
)


@given(contracts)
def test_every_letter_lies_in_every_window_that_applies(of):
    for said in islice(announcing.calendar(of), 6):
        days = (said.about_on - local_date(said.due_at, of.zone)).days
        hours = said.charge_at - said.due_at
        assert said.due_at > of.started_at
        assert local_date(said.charge_at, of.zone) == said.about_on
        if said.kind == "trial":
            assert days == 7  # Mastercard: three to seven days; California: three to twenty-one
            assert hours >= timedelta(days=7)  # Visa
            assert said.charge_at.astimezone(ZoneInfo(of.zone)).time() >= time(12)
        elif said.kind == "renewal":
            assert 15 <= days <= 30  # California and New York 15 to 45, Mastercard 7 to 30
        elif said.kind == "renewal_soon":
            assert days == 3
        elif said.kind == "half_year":
            assert 7 <= days <= 21
        else:
            assert hours == timedelta(hours=24)
        if said.kind != "trial_short":
            # Nine o'clock, or as near as the clocks allow where they skip it.
            assert said.due_at.astimezone(ZoneInfo(of.zone)).hour in {8, 9, 10}


@given(contracts)
def test_a_letter_that_leaves_on_its_day_holds_nothing_up(of):
    for said in islice(announcing.calendar(of), 6):
        if said.is_required:
            late = said.due_at + timedelta(hours=2)  # the worker may be busy
            assert announcing.earliest(said.kind, sent_at=late, zone=of.zone) <= said.charge_at


@given(st.dates(date(2020, 1, 1), date(2032, 12, 31)), zones, st.sampled_from([Interval("month"), Interval("week")]))
def test_what_is_paid_often_is_announced_every_six_months(start, zone, interval):
    of = contract(interval, start=start.isoformat(), zone=zone)
    days = [start, *(said.about_on for said in islice(announcing.calendar(of), 6))]
    assert all(150 <= (later - earlier).days <= 184 + 31 for earlier, later in zip(days, days[1:], strict=False))


@given(
    contracts,
    st.sampled_from(["trial", "renewal", "half_year"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1)),
)
def test_a_late_letter_leaves_its_lead_however_the_clocks_change(of, kind, sent):
    sent_at = sent.replace(tzinfo=UTC)
    found = announcing.earliest(kind, sent_at=sent_at, zone=of.zone)
    days = announcing.LEAD[kind]
    assert (local_date(found, of.zone) - local_date(sent_at, of.zone)).days >= days
    assert timedelta(days=days) - timedelta(hours=1) <= found - sent_at <= timedelta(days=days + 1, hours=13)
