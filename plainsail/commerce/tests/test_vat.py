"""VAT ids by their form, and where a sale is taxed."""

from __future__ import annotations

import pytest

from plainsail.commerce.services import vat
from plainsail.commerce.services.vat import BadVatId, Treatment, VatId
from plainsail.kernel.testing.vectors import of_kind

WORDS = {
    "exempt": Treatment("exempt"),
    "FR standard": Treatment("standard", "FR"),
    "IT standard": Treatment("standard", "IT"),
    "IT standard (bad format, no call)": Treatment("standard", "IT"),
    "reverse charge": Treatment("reverse_charge", "IT"),
    "FR standard (pending, retry; invoice waits)": Treatment("standard", "FR", waits=True),
}


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
        assert vat.treatment(seller=given_["seller"], buyer=country, vat_id=vat_id, check=check) == WORDS[outcome]


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
    assert vat.is_in_union("GR")
    assert not vat.is_in_union("GB")


def test_a_buyer_from_nowhere_is_taxed_at_home():
    assert vat.treatment(seller="DE", buyer="") == Treatment("standard", "DE")


def test_an_id_that_vies_does_not_know_makes_no_business():
    told = vat.treatment(seller="DE", buyer="IT", vat_id="IT12345678901", check="invalid")
    assert told == Treatment("standard", "IT")
