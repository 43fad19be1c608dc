"""VAT ids by their form, and where a sale is taxed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from plainsail.commerce.services import vat
from plainsail.commerce.services.vat import BadVatId, Buying, Selling, VatId
from plainsail.kernel.testing.vectors import of_kind

WORDS = {
    "exempt": ("outside", "US", False),
    "FR standard": ("home", "FR", False),
    "IT standard": ("destination", "IT", False),
    "IT standard (bad format, no call)": ("destination", "IT", False),
    "reverse charge": ("reverse_charge", "IT", False),
    "FR standard (pending, retry; invoice waits)": ("home", "FR", True),
}
DAY = date(2026, 11, 23)


def ask(vat_id: str, answer: str) -> str | None:
    """VIES, which is asked about a well-formed id only."""
    try:
        VatId.parse(vat_id)
    except BadVatId:
        return None
    return answer


@pytest.mark.parametrize(("given_", "expected"), of_kind("vies"))
def test_a_sale_is_taxed_by_where_the_buyer_is_and_what_vies_says(given_, expected):
    for (country, told), outcome in zip(given_["cases"], expected, strict=True):
        vat_id, _blank, answer = (told or "").partition(" ")
        if told == "VIES error":
            vat_id, answer = f"{country}12345678901", "pending"
        check = ask(vat_id, answer) if vat_id else None
        home, buyer = given_["seller"], Buying(country=country, vat_id=vat_id, check=check)
        selling = Selling(country=home, home_rate=Decimal(20), vat_id=f"{home}12345678901", has_oss=True)
        found = vat.decide(selling, buyer, on=DAY)
        assert (found.kind, found.country, found.waits) == WORDS[outcome]


@pytest.mark.parametrize(
    "text",
    [
        "ATU12345678",
        "BE0123456789",
        "BE1234567890",
        "CY12345678L",
        "DE123456789",
        "de 123.456-789",
        "EL123456789",
        "GR123456789",
        "ESX1234567X",
        "ES12345678X",
        "FRXX999999999",
        "FR12 999 999 999",
        "IE1234567WA",
        "IE1D23456W",
        "IT12345678901",
        "LT123456789012",
        "NL123456789B01",
        "RO12",
        "SE123456789001",
        "XIGD123",
    ],
)
def test_ids_as_people_write_them(text):
    assert str(VatId.parse(VatId.parse(text).prefix + VatId.parse(text).number)) == str(VatId.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "IT123",
        "DE12345678",
        "DE1234567890",
        "DE12345678A",
        "AT12345678",
        "GB123456789",
        "US12",
        "FRIO999999999",
        "DE١٢٣٤٥٦٧٨٩",
    ],
)
def test_what_can_be_no_id_is_refused_without_asking(text):
    with pytest.raises(BadVatId):
        VatId.parse(text)


def test_greece_has_two_names():
    assert (VatId.parse("gr123456789").prefix, VatId.parse("EL123456789").country) == ("EL", "GR")
