"""VAT ids and where a sale is taxed: what can be said without asking anybody. Pure.

Formats: European Commission, VIES, “What is the format of a VAT number?”. Rules: VAT Directive (2006/112/EC), art. 44 and
196 (businesses) and 58 (consumers) for services supplied electronically, 53 and 54 for what happens at a place, 33 and
138 for goods that are sent, 59c for the threshold below which a consumer abroad is taxed at home.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from plainsail.commerce.services import rates

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
_TREATED_AS: Final = {"MC": "FR", "EL": "GR"}
"""Monaco is France to VAT (art. 7). The Canary Islands, Ceuta and Melilla have codes of their own and are outside (art. 6)."""
LONGEST: Final = 40
"""As people write it, with blanks; nothing longer is looked at."""

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
        plain = re.sub(r"[\s.\-/]", "", text[: LONGEST + 1]).upper()
        prefix = _PREFIX.get(plain[:2], plain[:2])
        if len(text) > LONGEST or prefix not in FORMATS or not re.fullmatch(FORMATS[prefix], plain[2:], re.ASCII):
            raise BadVatId(text)
        return cls(prefix, plain[2:])

    @property
    def country(self) -> str:
        """ISO 3166 code of who gave it."""
        return {"EL": "GR"}.get(self.prefix, self.prefix)

    def __str__(self) -> str:
        return f"{self.prefix}{self.number}"


Supply = Literal["online", "local", "goods"]
"""What is sold: a service over the net, something that happens at a place of the seller's country, or goods that are sent."""

Kind = Literal["home", "destination", "reverse_charge", "intra_community", "outside"]
"""How a line is taxed: at home, by the buyer's country, by the buyer (services, goods), or not at all because it leaves."""

UNTAXED: Final = frozenset({"reverse_charge", "intra_community", "outside"})
NO_TAX: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Selling:
    """What of a seller decides. `home_rate` None: no tax is charged at home. `rates` are the seller's own, by country."""

    country: str
    home_rate: Decimal | None
    vat_id: str = ""
    has_oss: bool = False
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Buying:
    """What of a buyer decides. `check` is what VIES said of the id; None where it wasn't asked."""

    country: str = ""
    vat_id: str = ""
    check: Check | None = None


@dataclass(frozen=True)
class Ruling:
    """How one line is taxed: by which country (ISO 3166), at which rate in percent.

    `inside` is the rate that comes off a price with tax inside where no tax is due: the one at home. A document `waits` until
    VIES has answered; `may_drop` where its yes would take the tax off.
    """

    kind: Kind
    country: str
    rate: Decimal
    inside: Decimal = NO_TAX
    waits: bool = False
    may_drop: bool = False


def decide(
    selling: Selling, buying: Buying, *, on: date, supply: Supply = "online", own_rate: Decimal | None = None
) -> Ruling:
    """How a line is taxed by where seller and buyer are. `own_rate` is the product's at home, instead of the seller's.

    A consumer in another country of the Union pays that country's rate if the seller is in the One-Stop-Shop, else (below
    the threshold) the one at home; a business there with a valid id pays none. Outside the Union nobody pays any, unless
    the seller has a rate for the country. Who doesn't say where they are, and whose seller doesn't, is taxed at home.
    """
    home = own_rate if own_rate is not None else selling.home_rate
    country = vat_country(buying.country)
    if home is None and not selling.has_oss and country not in selling.rates:
        return Ruling("home", selling.country, NO_TAX)
    is_business = bool(selling.vat_id) and is_of(buying.vat_id, buying.country)
    waits = is_business and buying.check == "pending"
    if not selling.country or not country or country == selling.country or supply == "local":
        return Ruling("home", selling.country, home or NO_TAX, waits=waits)
    if country not in rates.STANDARD:
        return _outside(selling, country, home)
    if is_business and buying.check == "valid":
        kind: Kind = "intra_community" if supply == "goods" else "reverse_charge"
        return Ruling(kind, country, NO_TAX, home or NO_TAX)
    as_consumer = _of_consumer(selling, country, home, on=on)
    return replace(as_consumer, waits=waits, may_drop=waits and as_consumer.rate > 0)


def _of_consumer(selling: Selling, country: str, home: Decimal | None, *, on: date) -> Ruling:
    own = selling.rates.get(country)
    if selling.has_oss:
        return Ruling("destination", country, own if own is not None else rates.standard(country, on=on))
    if selling.country in rates.STANDARD:
        return Ruling("home", selling.country, home or NO_TAX)
    return _outside(selling, country, home)


def vat_country(country: str) -> str:
    """Whose tax area a country (ISO 3166) is in."""
    return _TREATED_AS.get(country, country)


def _outside(selling: Selling, country: str, home: Decimal | None) -> Ruling:
    own = selling.rates.get(country)
    if own is not None:
        return Ruling("destination", country, own)
    return Ruling("outside", country, NO_TAX, home or NO_TAX)


def is_of(vat_id: str, country: str) -> bool:
    """Whether a text is a well-formed id of a country (ISO 3166)."""
    try:
        return VatId.parse(vat_id).country == vat_country(country)
    except BadVatId:
        return False


def is_asked(selling: Selling, buying: Buying) -> bool:
    """Whether VIES is to be asked about a buyer's id: a well-formed one of where they say they are, if tax is charged at all."""
    charges = selling.home_rate is not None or selling.has_oss
    return charges and bool(selling.vat_id) and is_of(buying.vat_id, buying.country)
