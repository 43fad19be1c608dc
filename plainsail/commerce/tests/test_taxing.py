"""Tax: the outside world's worked examples, and what must hold for any amounts."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.commerce.services import taxing
from plainsail.commerce.services.taxing import Taxable
from plainsail.kernel.money import Money, half_up

VECTORS = json.loads((Path(__file__).parent / "vectors" / "billing.json").read_text())


def of_kind(kind: str):
    return [pytest.param(v["input"], v["expected"], id=v["id"]) for v in VECTORS if v["kind"] == kind]


def minor(text: str) -> int:
    return Money.parse(text, "EUR").minor


def inclusive(gross: int, rate: str) -> Taxable:
    return Taxable(gross, Decimal(rate), "inclusive")


def exclusive(net: int, rate: str) -> Taxable:
    return Taxable(net, Decimal(rate), "exclusive")


@pytest.mark.parametrize(("given_", "expected"), of_kind("tax_modes"))
@pytest.mark.parametrize("mode", ["line", "sum_by_net", "sum_by_net_keep_gross"])
def test_rounding_modes(given_, expected, mode):
    taxed = taxing.tax_all([inclusive(minor(gross), given_["rate"]) for gross in given_["gross_lines"]], mode)
    sums = {"net": sum(t.net for t in taxed), "tax": sum(t.tax for t in taxed), "gross": sum(t.gross for t in taxed)}
    assert sums == {name: minor(text) for name, text in expected[mode].items()}


@pytest.mark.parametrize(("given_", "expected"), of_kind("tax_inclusive"))
def test_an_inclusive_price_rounds_its_net(given_, expected):
    taxed = taxing.tax(inclusive(minor(given_["gross"]), given_["rate"]))
    assert (taxed.net, taxed.tax) == (minor(expected["round_net"]["net"]), minor(expected["round_net"]["tax"]))


@pytest.mark.parametrize(("given_", "expected"), of_kind("no_net_exists"))
def test_some_gross_amounts_have_no_net(given_, expected):
    assert taxing.has_exact_net(minor(given_["gross"]), Decimal(given_["rate"])) is not expected


@pytest.mark.parametrize(("given_", "expected"), of_kind("terminate_credit_note"))
def test_credits_for_unused_days(given_, expected):
    net = half_up(Fraction(given_["plan_minor"] * given_["unused_days"], given_["period_days"]))
    taxed = taxing.tax(exclusive(net, given_["tax_percent"]))
    assert (taxed.net, taxed.tax, taxed.gross) == tuple(
        expected[name] for name in ("net_minor", "tax_minor", "total_minor")
    )


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
