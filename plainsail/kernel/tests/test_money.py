"""Money is whole minor units of one currency, and nothing of it gets lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import BadMoney, Money, exponent, half_up

AMOUNTS = st.integers(-(10**12), 10**12)


@given(AMOUNTS, st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_parts_sum_to_the_whole_and_stay_within_one_unit_of_their_share(minor, weights):
    parts = Money(minor, "EUR").allocate(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("USD", 2)])
def test_a_currency_has_its_own_number_of_digits(currency, digits):
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1250), ("12,5", "EUR", 1250), ("-3", "EUR", -300), ("1250", "JPY", 1250), ("1.234", "KWD", 1234)],
)
def test_what_people_type_becomes_minor_units(text, currency, minor):
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.505", "EUR"),
        ("1.5", "JPY"),
        ("", "EUR"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("1,2,3", "EUR"),
        ("9" * 30, "EUR"),
        ("١٢", "EU"),
    ],
)
def test_what_is_no_amount_is_refused_never_cut(text, currency):
    with pytest.raises(BadMoney):
        Money.parse(text, currency)


def test_currencies_do_not_mix():
    for operation in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b):
        with pytest.raises(BadMoney):
            operation(Money(1, "EUR"), Money(1, "USD"))


def test_there_is_no_float_in_money():
    for wrong in (lambda: Money(1.5, "EUR"), lambda: Money(True, "EUR"), lambda: Money(1, "EUR") * 1.5):
        with pytest.raises(BadMoney):
            wrong()


@pytest.mark.parametrize(("value", "rounded"), [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("149/100", 1), ("-5/2", -3)])
def test_halves_round_away_from_zero(value, rounded):
    assert half_up(Fraction(value)) == rounded


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(1250, "EUR"), "en", "€12.50"),
        (Money(123456, "EUR"), "de", "1.234,56\xa0€"),
        (Money(1250, "JPY"), "en", "¥1,250"),
        (Money(1250, "KWD"), "en", "KWD\xa01.250"),
    ],
)
def test_an_amount_is_written_as_its_readers_write_it(money, locale, text):
    assert money.format(locale) == text
