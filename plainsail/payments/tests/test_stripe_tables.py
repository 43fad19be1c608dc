"""Stripe's amounts, currency by currency, and its decline codes, one by one."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import BadMoney, Money
from plainsail.payments.gateways.base import DeclineClass
from plainsail.payments.gateways.stripe_amounts import THREE_DECIMAL, from_stripe, to_stripe
from plainsail.payments.gateways.stripe_declines import BY_ERROR, CLASSES, classify

ZERO_DECIMAL = (
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW"),
    *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
)
TWO_DECIMAL = (
    *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "GEL", "HKD"),
    *("HUF", "IDR", "ILS", "INR", "MAD", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "RSD", "SAR"),
    *("SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "UYU", "ZAR"),
)
LARGEST = 10**12


@pytest.mark.parametrize("currency", ZERO_DECIMAL)
def test_whole_units_stay_whole(currency):
    assert to_stripe(Money(500, currency)) == 500
    assert from_stripe(500, currency.lower()) == Money(500, currency)


@pytest.mark.parametrize("currency", TWO_DECIMAL)
def test_cents_stay_cents(currency):
    assert to_stripe(Money(1234, currency)) == 1234
    assert from_stripe(1234, currency.lower()) == Money(1234, currency)


@pytest.mark.parametrize("currency", ["ISK", "UGX"])
def test_some_whole_units_are_written_with_two_zeros(currency):
    assert to_stripe(Money(5, currency)) == 500
    assert from_stripe(500, currency.lower()) == Money(5, currency)
    with pytest.raises(BadMoney):
        from_stripe(550, currency)


def test_the_ariary_has_a_fifth_for_iso_and_none_for_stripe():
    assert to_stripe(Money(50000, "MGA")) == 500
    assert from_stripe(500, "mga") == Money(50000, "MGA")
    with pytest.raises(BadMoney):
        to_stripe(Money(50001, "MGA"))


@pytest.mark.parametrize("currency", sorted(THREE_DECIMAL))
@pytest.mark.parametrize(("minor", "expected"), [(5120, 5120), (5124, 5120), (5125, 5130), (5129, 5130)])
def test_thousandths_are_rounded_to_tens(currency, minor, expected):
    assert to_stripe(Money(minor, currency)) == expected


@given(minor=st.integers(0, LARGEST), currency=st.sampled_from([*ZERO_DECIMAL, *TWO_DECIMAL, "ISK", "UGX"]))
def test_there_and_back_is_the_same(minor, currency):
    assert from_stripe(to_stripe(Money(minor, currency)), currency) == Money(minor, currency)


@given(minor=st.integers(0, LARGEST), currency=st.sampled_from(sorted(THREE_DECIMAL)))
def test_thousandths_are_off_by_half_a_hundredth_at_most(minor, currency):
    assert abs(to_stripe(Money(minor, currency)) - minor) <= 5


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_each_decline_code_has_a_class_of_ours(code):
    assert classify({"code": "card_declined", "decline_code": code}) == (CLASSES[code], code)
    assert CLASSES[code] in get_args(DeclineClass)


@pytest.mark.parametrize(
    "code", ["lost_card", "stolen_card", "pickup_card", "restricted_card", "transaction_not_allowed"]
)
def test_what_the_networks_forbid_to_retry_is_hard(code):
    assert classify({"decline_code": code})[0] == "hard"


@pytest.mark.parametrize(
    "code", ["stop_payment_order", "revocation_of_authorization", "revocation_of_all_authorizations"]
)
def test_a_customer_who_told_the_bank_to_stop_has_withdrawn_consent(code):
    assert classify({"decline_code": code})[0] == "consent_withdrawn"


@pytest.mark.parametrize("code", sorted(BY_ERROR))
def test_an_error_without_a_decline_code_has_a_class_too(code):
    assert classify({"code": code}) == BY_ERROR[code]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": "expired_card"}, ("update_card", "expired_card")),
        ({"decline_code": "do_not_honor", "advice_code": "do_not_try_again"}, ("hard", "do_not_honor")),
        ({"decline_code": "do_not_honor", "advice_code": "confirm_card_data"}, ("update_card", "do_not_honor")),
        ({"decline_code": "do_not_honor", "advice_code": "try_again_later"}, ("soft", "do_not_honor")),
        ({"decline_code": "generic_decline", "network_advice_code": "03"}, ("hard", "generic_decline")),
        ({"decline_code": "generic_decline", "network_advice_code": "21"}, ("consent_withdrawn", "generic_decline")),
        ({"decline_code": "lost_card", "advice_code": "confirm_card_data"}, ("hard", "lost_card")),
        ({"decline_code": "of_next_year"}, ("unknown", "of_next_year")),
        ({"code": "of_next_year"}, ("unknown", "of_next_year")),
        ({}, ("unknown", "unknown")),
    ],
)
def test_advice_is_heard_and_the_unknown_is_called_so(error, expected):
    assert classify(error) == expected
