"""Amounts as Stripe writes them. Its digits are not ISO 4217's everywhere, so the table is this adapter's own.

Source: Stripe, “Supported currencies” (docs.stripe.com/currencies), sections on zero-decimal currencies, special cases
and three-decimal currencies; for the króna also “Deprecation of fractional ISK charges and refunds” (support.stripe.com).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from plainsail.kernel.money import BadMoney, Money, exponent, half_up

ZERO_DECIMAL: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
WHOLE_WITH_TWO_ZEROS: Final = frozenset(["ISK", "UGX"])
"""Have no minor unit any more, but are written with two digits that are always 00."""
THREE_DECIMAL: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND", "IQD", "LYD"])
"""Written with three digits, of which the last must be 0."""


def stripe_exponent(currency: str) -> int:
    """Digits after the point in Stripe's amounts."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def to_stripe(amount: Money) -> int:
    """The amount as Stripe takes it; three-decimal ones are rounded half up to tens, as Stripe asks.

    Raises BadMoney where it has a fraction that Stripe can't take: a guess would charge another amount.
    """
    scaled = Fraction(amount.minor) * 10 ** stripe_exponent(amount.currency) / 10 ** exponent(amount.currency)
    if amount.currency in THREE_DECIMAL:
        return half_up(Fraction(scaled) / 10) * 10
    if scaled.denominator != 1:
        raise BadMoney(f"Stripe takes no fractions of {amount.currency}.")
    return int(scaled)


def from_stripe(minor: int, currency: str) -> Money:
    """Stripe's amount as ours. Raises BadMoney where we have no unit that small."""
    code = currency.upper()
    scaled = Fraction(minor) * 10 ** exponent(code) / 10 ** stripe_exponent(code)
    if scaled.denominator != 1:
        raise BadMoney(f"{minor} is no amount of {code}.")
    return Money(int(scaled), code)
