"""Standard rates of value added tax in the European Union, by country and the day from which they hold. Pure.

Source: European Commission, “Taxes in Europe Database” (TEDB), standard rates; for the changes the countries' own laws:
Luxembourg (back to 17 % on 1 Jan 2024), Estonia (22 % on 1 Jan 2024, 24 % on 1 July 2025), Finland (25.5 % on 1 Sept
2024), Slovakia (23 % on 1 Jan 2025), Romania (21 % on 1 Aug 2025). Last looked at: November 2026. How a rate is kept right:
docs/decisions/0011-where-tax-rates-come-from.md.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

BEFORE: Final = date(2024, 1, 1)
"""The table goes back to this day; sales before it don't exist here."""

STANDARD: Final[dict[str, tuple[tuple[date, Decimal], ...]]] = {
    "AT": ((BEFORE, Decimal(20)),),
    "BE": ((BEFORE, Decimal(21)),),
    "BG": ((BEFORE, Decimal(20)),),
    "CY": ((BEFORE, Decimal(19)),),
    "CZ": ((BEFORE, Decimal(21)),),
    "DE": ((BEFORE, Decimal(19)),),
    "DK": ((BEFORE, Decimal(25)),),
    "EE": ((BEFORE, Decimal(22)), (date(2025, 7, 1), Decimal(24))),
    "ES": ((BEFORE, Decimal(21)),),
    "FI": ((BEFORE, Decimal(24)), (date(2024, 9, 1), Decimal("25.5"))),
    "FR": ((BEFORE, Decimal(20)),),
    "GR": ((BEFORE, Decimal(24)),),
    "HR": ((BEFORE, Decimal(25)),),
    "HU": ((BEFORE, Decimal(27)),),
    "IE": ((BEFORE, Decimal(23)),),
    "IT": ((BEFORE, Decimal(22)),),
    "LT": ((BEFORE, Decimal(21)),),
    "LU": ((BEFORE, Decimal(17)),),
    "LV": ((BEFORE, Decimal(21)),),
    "MT": ((BEFORE, Decimal(18)),),
    "NL": ((BEFORE, Decimal(21)),),
    "PL": ((BEFORE, Decimal(23)),),
    "PT": ((BEFORE, Decimal(23)),),
    "RO": ((BEFORE, Decimal(19)), (date(2025, 8, 1), Decimal(21))),
    "SE": ((BEFORE, Decimal(25)),),
    "SI": ((BEFORE, Decimal(22)),),
    "SK": ((BEFORE, Decimal(20)), (date(2025, 1, 1), Decimal(23))),
}
"""By ISO 3166 code. Each row holds until the next one's day; the newest stands last."""


def standard(country: str, *, on: date) -> Decimal:
    """The standard rate of a member state on a day, in percent; the oldest known one before the table begins.

    Raises KeyError for a country outside the Union.
    """
    rows = STANDARD[country]
    return next((rate for since, rate in reversed(rows) if since <= on), rows[0][1])
