"""Parts of what was billed: by days, net and gross; the last part comes out even, whatever came before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.commerce.services import proration, taxing
from plainsail.commerce.services.proration import Billed, ExceedsBilled
from plainsail.commerce.services.taxing import Taxable, Taxed
from plainsail.kernel.money import half_up
from plainsail.kernel.periods import BadPeriod, Period, day_start

MAY = Period(date(2026, 5, 1), date(2026, 6, 1))
NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)

amounts = st.integers(-(10**7), 10**7)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "4", "7", "8.875", "19", "20", "23.33", "100")])
behaviors = st.sampled_from(taxing.BEHAVIORS)
priced = st.builds(Taxable, amounts, rates, behaviors)
invoices = st.lists(priced, min_size=1, max_size=6)
roundings = st.sampled_from(taxing.ROUNDINGS)
cuts = st.lists(st.tuples(st.sampled_from(["net", "gross", "part"]), st.integers(0, 100)), max_size=8)


def billed(lines: list[Taxable], rounding: str) -> list[Billed]:
    return proration.billed(list(zip(lines, taxing.tax_all(lines, rounding), strict=True)), rounding)


def cut(line: Billed, how: str, percent: int) -> Taxed:
    if how == "part":
        return line.by_part(Fraction(percent, 100))
    left = line.left.net if how == "net" else line.left.gross
    wanted = half_up(Fraction(left * percent, 100))
    return line.by_net(wanted) if how == "net" else line.by_gross(wanted)


@given(invoices, roundings, cuts)
def test_however_a_line_is_cut_no_figure_goes_beyond_it_and_all_of_it_can_be_taken(lines, rounding, wishes):
    for line in billed(lines, rounding):
        sign = -1 if line.net + line.tax < 0 else 1
        for how, percent in wishes:
            taken = cut(line, how, percent)
            assert taken.net * sign >= 0
            assert taken.tax * sign >= 0
            line = line.less(taken)  # noqa: PLW2901 - each cut is of what the ones before left
            assert line.left.net * sign >= 0
            assert line.left.tax * sign >= 0
        whole = line.by_part(Fraction(1))
        assert whole == line.left
        assert line.less(whole).left == taxing.NOTHING


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=10), rates)
def test_notes_for_each_line_are_the_tax_of_the_net_credited_so_far(nets, rate):
    lines = [Taxable(net, rate, "exclusive") for net in nets]
    part, reached, credited = taxing.percent(rate), 0, 0
    for line in billed(lines, "sum_by_net"):
        note = line.by_net(line.net)
        reached += line.net
        assert note.tax == half_up(reached * part) - credited
        credited += note.tax
    assert credited == sum(taxed.tax for taxed in taxing.tax_all(lines, "sum_by_net"))


@given(st.integers(1, 10**6), rates, st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_notes_for_slices_of_one_line_are_too(net, rate, percents):
    line, reached, credited = billed([Taxable(net, rate, "exclusive")], "line")[0], 0, 0
    for percent in percents:
        note = line.by_net(half_up(Fraction(line.left.net * percent, 100)))
        line, reached, credited = line.less(note), reached + note.net, credited + note.tax
        assert credited == half_up(reached * taxing.percent(rate))


@given(st.integers(0, 10**7), rates, st.integers(1, 366), st.integers(0, 366))
def test_unused_days_of_a_price_without_tax_are_cut_by_net(plan, rate, period_days, unused_days):
    part = Fraction(min(unused_days, period_days), period_days)
    taken = billed([Taxable(plan, rate, "exclusive")], "line")[0].by_part(part)
    assert taken.net == half_up(plan * part)
    assert taken.tax == half_up(taken.net * taxing.percent(rate))


def test_a_price_with_tax_is_cut_as_it_was_shown():
    taken = billed([Taxable(11900, Decimal(19), "inclusive")], "line")[0].by_part(Fraction(1, 3))
    assert (taken.gross, taken.net, taken.tax) == (3967, 3334, 633)


@pytest.mark.parametrize("wish", [-1, 10001])
def test_more_than_a_line_or_the_other_way_round_is_refused(wish):
    line = Billed(net=10000, tax=0, rate=Decimal(0), behavior="inclusive")
    for way in (line.by_net, line.by_gross):
        with pytest.raises(ExceedsBilled):
            way(wish)


def test_a_deduction_is_taken_back_with_its_sign():
    line = billed([Taxable(-1000, Decimal(20), "exclusive")], "line")[0]
    assert line.by_net(-500) == Taxed(-500, -100)
    with pytest.raises(ExceedsBilled):
        line.by_net(500)


@pytest.mark.parametrize(("cancel_day", "expected"), [("unused", Fraction(21, 31)), ("used", Fraction(20, 31))])
def test_the_day_of_ending_is_the_customer_s_unless_the_policy_says_otherwise(cancel_day, expected):
    assert proration.unused(MAY, at=NOON, zone="UTC", cancel_day=cancel_day) == expected


def test_ending_on_the_first_day_gives_all_of_it_back():
    first_evening = datetime(2026, 5, 1, 21, 59, tzinfo=UTC)
    assert proration.unused(MAY, at=first_evening, zone="Europe/Berlin") == 1
    assert proration.unused(MAY, at=first_evening, zone="Europe/Berlin", cancel_day="used") == Fraction(30, 31)


def test_by_seconds_the_minute_counts():
    assert proration.unused(MAY, at=NOON, zone="UTC", by="second") == Fraction(20 * 24 + 12, 31 * 24)


def test_by_months_of_thirty_days_may_is_as_long_as_february():
    february = Period(date(2026, 2, 1), date(2026, 3, 1))
    for period in (MAY, february):
        at = day_start(period.start + timedelta(days=10), "UTC")
        assert proration.unused(period, at=at, zone="UTC", by="month30") == Fraction(20, 30)
    week = Period(date(2026, 1, 31), date(2026, 2, 1))
    assert proration.unused(week, at=day_start(week.start, "UTC"), zone="UTC", by="month30") == 1


moments = st.datetimes(datetime(2026, 4, 1), datetime(2026, 7, 1), timezones=st.just(UTC))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo"])


@given(moments, moments, zones, st.sampled_from(["day", "second", "month30"]), st.sampled_from(["unused", "used"]))
def test_ending_later_never_gives_more_back(one, other, zone, by, cancel_day):
    earlier, later = sorted([one, other])
    parts = [proration.unused(MAY, at=at, zone=zone, by=by, cancel_day=cancel_day) for at in (earlier, later)]
    assert 1 >= parts[0] >= parts[1] >= 0


def test_days_of_a_price_round_half_up():
    assert proration.of_days(91000, 32, 91) == 32000
    assert proration.of_days(5, 1, 2) == 3
    assert proration.of_days(-5, 1, 2) == -3
    with pytest.raises(BadPeriod):
        proration.of_days(100, 1, 0)


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_what_is_paid_back_was_paid_and_the_rest_lowers_the_debt(credit, paid, used):
    refund, rest = proration.split(credit, paid=paid, used=used)
    assert refund + rest == credit
    assert 0 <= refund <= credit
    assert refund == 0 or refund <= paid - used


@given(st.integers(0, 1000), st.lists(st.integers(0, 300), max_size=6))
def test_the_newest_payment_gives_back_first(amount, held):
    parts = proration.newest_first(amount, held)
    assert sum(parts) == min(amount, sum(held))
    assert all(0 <= part <= holds for part, holds in zip(parts, held, strict=True))
    touched = [index for index, part in enumerate(parts) if part]
    assert not touched or all(parts[index] == held[index] for index in range(touched[0] + 1, len(held)))
