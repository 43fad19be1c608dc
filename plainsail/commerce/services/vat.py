"""VAT ids and where a sale is taxed: what can be said without asking anybody. Pure.

Formats: European Commission, VIES, “What is the format of a VAT number?”. Rules: VAT Directive (2006/112/EC), art. 44
(businesses) and 58 (consumers) for services supplied electronically.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

FORMATS: Final = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W]",
    "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{12}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{9}|\d{12}|GD\d{3}|HA\d{3}",
}
"""By the prefix of the id. Greece writes EL, and Northern Ireland XI."""
_PREFIX: Final = {"GR": "EL"}

Check = Literal["valid", "invalid", "pending"]
"""What VIES said; pending where it couldn't be asked."""


class BadVatId(ValueError):
    """Not the form of any VAT id of the European Union: no need to ask."""


@dataclass(frozen=True)
class VatId:
    """A VAT id by its prefix and number; well formed, which says nothing about whether it was ever given."""

    prefix: str
    number: str

    @classmethod
    def parse(cls, text: str) -> VatId:
        """As people write it, with blanks, dots and dashes. Raises BadVatId."""
        plain = re.sub(r"[\s.\-/]", "", text).upper()
        prefix = _PREFIX.get(plain[:2], plain[:2])
        if prefix not in FORMATS or not re.fullmatch(FORMATS[prefix], plain[2:], re.ASCII):
            raise BadVatId(text)
        return cls(prefix, plain[2:])

    @property
    def country(self) -> str:
        """ISO 3166 code of who gave it."""
        return {"EL": "GR"}.get(self.prefix, self.prefix)

    def __str__(self) -> str:
        return f"{self.prefix}{self.number}"


@dataclass(frozen=True)
class Treatment:
    """How a sale is taxed: not at all, at a country's rate, or by the buyer. A document `waits` until VIES has answered."""

    kind: Literal["exempt", "standard", "reverse_charge"]
    country: str = ""
    waits: bool = False


def is_in_union(country: str) -> bool:
    """Whether a country (ISO 3166) is in the VAT area of the European Union; Northern Ireland is, for goods."""
    return _PREFIX.get(country, country) in FORMATS


def treatment(*, seller: str, buyer: str, vat_id: str = "", check: Check | None = None) -> Treatment:
    """How a service sold online from one country to a buyer in another is taxed.

    `check` is VIES's answer for a well-formed id, asked for only then; without a valid one the buyer is a consumer and pays
    the tax of where they live. A buyer whose country isn't known is taxed as one at home.
    """
    waits = check == "pending"
    if not buyer or buyer == seller:
        return Treatment("standard", seller, waits)
    if not is_in_union(buyer):
        return Treatment("exempt")
    if check == "valid" and _is_well_formed(vat_id):
        return Treatment("reverse_charge", buyer)
    return Treatment("standard", buyer, waits)


def _is_well_formed(vat_id: str) -> bool:
    try:
        VatId.parse(vat_id)
    except BadVatId:
        return False
    return True
