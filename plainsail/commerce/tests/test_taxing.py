"""Tax: the outside world's worked examples, and what must hold for any amounts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.commerce.models import Rounding, TaxBehavior
from plainsail.commerce.services import taxing
from plainsail.commerce.services.taxing import Taxable
from plainsail.kernel.money import half_up


def inclusive(gross: int, rate: str) -> Taxable:
    return Taxable(gross, Decimal(rate), "inclusive")


def sums(lines: list[Taxable], mode: str) -> tuple[int, int, int]:
    taxed = taxing.tax_all(lines, mode)
    return sum(one.net for one in taxed), sum(one.tax for one in taxed), sum(one.gross for one in taxed)


def test_the_names_of_the_modes_are_those_of_the_models():
    assert tuple(Rounding.values) == taxing.ROUNDINGS
    assert tuple(TaxBehavior.values) == taxing.BEHAVIORS


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("line", (42010, 7980, 49990)),
        ("sum_by_net", (42010, 7982, 49992)),
        ("sum_by_net_keep_gross", (42008, 7982, 49990)),
    ],
)
def test_the_modes_also_round_up(mode, expected):
    assert sums([inclusive(9998, "19")] * 5, mode) == expected


def test_a_price_that_was_shown_is_charged_even_where_no_net_gives_it():
    assert sums([inclusive(9999, "19")], "sum_by_net_keep_gross") == (8403, 1596, 9999)
    assert sums([inclusive(9999, "19")], "sum_by_net") == (8403, 1597, 10000)


def test_rates_are_rounded_apart():
    mixed = [inclusive(10000, "19"), inclusive(10000, "7"), inclusive(10000, "19")]
    apart = [sums([line for line in mixed if line.rate == rate], "sum_by_net") for rate in (19, 7)]
    assert sums(mixed, "sum_by_net") == tuple(map(sum, zip(*apart, strict=True)))


@pytest.mark.parametrize("mode", taxing.ROUNDINGS)
def test_what_is_free_and_what_is_nothing_stay_so(mode):
    assert taxing.tax_all([], mode) == []
    assert taxing.tax_all([inclusive(2300, "7"), inclusive(0, "7")], mode)[1] == taxing.NOTHING


def test_another_mode_is_refused():
    with pytest.raises(taxing.BadRounding):
        taxing.tax_all([inclusive(100, "19")], "round_somehow")


amounts = st.integers(min_value=-(10**9), max_value=10**9)
rates = st.decimals(min_value=0, max_value=100, places=3)
lines = st.lists(
    st.builds(Taxable, amounts, rates, st.sampled_from(["inclusive", "exclusive"])), min_size=1, max_size=8
)


@given(lines, st.sampled_from(["line", "sum_by_net", "sum_by_net_keep_gross"]))
def test_each_line_is_off_by_less_than_two_units(taxables, mode):
    for line, taxed in zip(taxables, taxing.tax_all(taxables, mode), strict=True):
        assert abs(taxed.net - line.exact_net) < 2
        assert abs(taxed.tax - line.exact_net * line.part) < 2


@given(lines)
def test_prices_with_tax_inside_stay_as_shown(taxables):
    for mode in ("line", "sum_by_net_keep_gross"):
        for line, taxed in zip(taxables, taxing.tax_all(taxables, mode), strict=True):
            if line.is_inclusive:
                assert taxed.gross == line.amount


@given(amounts, rates, st.sampled_from(["round_net", "round_tax"]))
def test_an_inclusive_price_is_split_without_a_rest(amount, rate, rounded):
    line = Taxable(amount, rate, "inclusive")
    taxed = taxing.tax(line, rounded=rounded)
    assert taxed.gross == amount
    assert abs(taxed.net - line.exact_net) <= Fraction(1, 2)


@given(amounts, rates)
def test_a_gross_made_from_a_net_has_an_exact_net(net, rate):
    assert taxing.has_exact_net(net + half_up(net * taxing.percent(rate)), rate)


@given(st.lists(amounts, min_size=1, max_size=10), rates)
def test_tax_on_the_sum_is_the_tax_of_the_sum(nets, rate):
    taxed = taxing.tax_all([Taxable(net, rate, "exclusive") for net in nets], "sum_by_net")
    assert sum(t.tax for t in taxed) == half_up(sum(nets) * Fraction(rate) / 100)
    assert [t.net for t in taxed] == nets


@given(st.lists(st.fractions(min_value=-100, max_value=100), min_size=1, max_size=10))
def test_dealing_gives_out_just_the_total(parts):
    total = half_up(sum(parts))
    dealt = taxing.deal(parts, total)
    assert sum(dealt) == total
    assert all(abs(share - part) < 1 or share == part for share, part in zip(dealt, parts, strict=True))


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=10))
def test_slices_rounded_cumulatively_sum_to_the_whole(whole, slices):
    of, reached, taken = sum(slices), 0, 0
    for size in slices:
        reached += size
        part = taxing.cumulative(whole, reached, of, taken)
        assert part >= 0
        taken += part
    assert taken == whole
