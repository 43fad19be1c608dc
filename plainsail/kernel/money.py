"""Money: integer minor units and an ISO 4217 code. No float, no mixing of currencies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering
from typing import Final

# ISO 4217 minor units where they are not two (billing design, “Money notes”).
_NO_MINOR: Final = frozenset(
    ["JPY", "KRW", "CLP", "VND", "XOF", "XAF", "XPF", "PYG", "RWF", "GNF", "KMF", "DJF", "BIF", "VUV", "UGX", "ISK"]
)
_THREE: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND", "IQD", "LYD"])


class BadMoney(ValueError):
    """Not an amount of that currency: garbage, too many decimals, or two currencies mixed."""


def exponent(currency: str) -> int:
    """Digits after the decimal point of a currency, by ISO 4217. Raises BadMoney."""
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise BadMoney(f"{currency!r} is no currency code.")
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE else 2


def half_up(value: Fraction) -> int:
    """Nearest integer; halves away from zero (the rounding tax offices and Kill Bill use)."""
    doubled = abs(value) * 2 + 1
    rounded = doubled.numerator // (doubled.denominator * 2)
    return rounded if value >= 0 else -rounded


@total_ordering
@dataclass(frozen=True)
class Money:
    """An amount in minor units (cents) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise BadMoney(f"Minor units must be whole, not {self.minor!r}.")
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """`12.50` of a currency; a comma may stand for the point. Excess digits are refused, never cut. Raises BadMoney."""
        cleaned = text.strip().replace(",", ".")
        digits = exponent(currency)
        if not re.fullmatch(rf"-?\d{{1,12}}(\.\d{{1,{digits}}})?" if digits else r"-?\d{1,15}", cleaned):
            raise BadMoney(f"{text!r} is no amount of {currency}.")
        return cls(int(Decimal(cleaned).scaleb(digits)), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        if not isinstance(quantity, int) or isinstance(quantity, bool):
            raise BadMoney("Money is multiplied by whole numbers; use `share` for parts.")
        return Money(self.minor * quantity, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"

    def share(self, part: Fraction) -> Money:
        """This part of the amount, rounded half up to minor units."""
        return Money(half_up(self.minor * part), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights so that the parts sum to the whole: largest remainder, the earlier part first on a tie.

        Raises BadMoney.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise BadMoney("Weights must be non-negative and not all zero.")
        sign = -1 if self.minor < 0 else 1
        shares = [divmod(abs(self.minor) * weight, total) for weight in weights]
        missing = abs(self.minor) - sum(quotient for quotient, _ in shares)
        order = sorted(range(len(weights)), key=lambda index: (-shares[index][1], index))
        gains = set(order[:missing])
        return [Money(sign * (q + (i in gains)), self.currency) for i, (q, _) in enumerate(shares)]

    def format(self, locale: str = "en") -> str:
        """As people write it: €12.50, 12,50 €. Whole amounts keep their zeros."""
        from babel import Locale

        digits = exponent(self.currency)
        place = Locale.parse(locale.replace("-", "_"))
        # Our table of digits decides (ISO 4217), not the one in CLDR: an amount shown must be the amount charged.
        pattern = copy(place.currency_formats["standard"])
        pattern.frac_prec = (digits, digits)
        text = str(pattern.apply(self.decimal, place, currency=self.currency, currency_digits=False))
        # CLDR's rule for a code beside a number, such as KWD 1.250: a space that doesn't break.
        return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", text)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise BadMoney(f"{self.currency} and {other.currency} don’t mix.")
