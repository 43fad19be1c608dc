from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from plainsail.ui import charts
from plainsail.ui.charts import INTERVALS, Series

amounts = st.integers(min_value=-(10**12), max_value=10**12)


def single(*values: int) -> list[Series]:
    return [Series("", [(f"{day} Nov", value) for day, value in enumerate(values, 1)])]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (12, 52, [0, 20, 40, 60]),
        (0, 0, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 4000, [0, 1000, 2000, 3000, 4000]),
        (-30, 50, [-50, -25, 0, 25, 50]),
        (-3, 0, [-3, -2, -1, 0]),
        (0, 10, [0, 5, 10]),
    ],
)
def test_ticks_are_round_numbers_around_all_values(low, high, ticks):
    assert charts.nice_ticks(low, high) == ticks


@given(amounts, amounts)
def test_ticks_always_cover_the_values_in_few_even_steps(one, other):
    low, high = sorted((one, other))
    ticks = charts.nice_ticks(low, high)
    steps = {after - before for before, after in pairwise(ticks)}
    assert (len(steps), ticks[0] <= min(low, 0), ticks[-1] >= max(high, 0), len(ticks) <= INTERVALS + 1) == (
        1,
        True,
        True,
        True,
    )


def test_whole_values_have_whole_ticks():
    assert all(tick.denominator == 1 for tick in charts.nice_ticks(0, 1))


def test_fractions_have_finer_ticks():
    assert charts.nice_ticks(0, Fraction(1, 2), whole=False)[1] < 1


def test_a_line_runs_from_edge_to_edge_and_its_area_closes_on_zero():
    chart = charts.line(single(0, 10, 20))
    (line,) = chart.lines
    assert line.path == "M0 300 L500 150 L1000 0"
    assert line.area == "M0 300 L500 150 L1000 0 V300 H0 Z"
    assert line.dots == "M1000 0h0"


def test_a_single_value_is_a_dot_in_the_middle():
    (line,) = charts.line(single(7)).lines
    assert (line.path.split()[0], line.area, line.dots.endswith("h0")) == ("M500", "", True)


def test_bars_stand_on_zero_and_hang_from_it():
    upper, lower = charts.bars(single(20, -20)).bars
    assert (upper.y, upper.height, lower.y, lower.height) == ("0", "150", "150", "150")


def test_two_series_share_a_slot_side_by_side():
    chart = charts.bars([Series("This year", [("Jan", 2)]), Series("Last year", [("Jan", 1)])])
    first, second = chart.bars
    assert float(first.x) + float(first.width) <= float(second.x)


def test_no_series_is_an_empty_chart():
    chart = charts.line([])
    assert (chart.frame.is_empty, chart.frame.summary) == (True, "No figures yet.")


def test_series_of_unequal_length_leave_a_gap_in_the_table():
    chart = charts.line([Series("a", [("1", 1), ("2", 2)]), Series("b", [("1", 3)])])
    assert chart.frame.rows == [("1", ["1", "3"]), ("2", ["2", "–"])]


def test_amounts_are_read_as_minor_units_and_written_as_money():
    chart = charts.bars([Series("", [("Full weekend", 394000)])], currency="EUR")
    assert chart.frame.rows == [("Full weekend", ["€3,940.00"])]
    assert [tick.text for tick in chart.frame.ticks] == ["€4K", "€3K", "€2K", "€1K", "€0"]


def test_currencies_without_minor_units_are_not_divided():
    assert charts.bars([Series("", [("A", 500)])], currency="JPY").frame.rows == [("A", ["¥500"])]


def test_figures_are_written_in_the_language_of_the_page():
    with translation.override("de"):
        assert charts.line(single(12345)).frame.rows == [("1 Nov", ["12.345"])]


def test_the_summary_says_first_last_and_highest():
    assert charts.line(single(12, 60, 52)).frame.summary == "12 on 1 Nov, 52 on 3 Nov, at most 60."


def test_pairs_are_one_series_without_a_name():
    assert charts.as_series([("a", 1), ("b", Decimal("2.5"))]) == [Series("", [("a", 1), ("b", Decimal("2.5"))])]


def test_long_axes_name_only_their_ends_and_their_middle():
    assert charts.line(single(*range(15))).frame.axis == ["1 Nov", "8 Nov", "15 Nov"]
    assert charts.line(single(*range(14))).frame.axis == ["1 Nov", "14 Nov"]


@given(st.lists(amounts, max_size=40))
def test_coordinates_stay_inside_the_plot(values):
    for line in charts.line(single(*values)).lines:
        numbers = [float(part.lstrip("MLVH").removesuffix("h0")) for part in line.path.split()]
        assert all(0 <= number <= charts.WIDTH for number in numbers)
