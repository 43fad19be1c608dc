"""Countries are named in the reader's language; what is none stays what it is."""

from __future__ import annotations

from plainsail.kernel.countries import countries, country_name


def test_countries_are_listed_by_name_in_the_language_asked_for():
    assert dict(countries("en"))["DE"] == "Germany"
    assert dict(countries("de"))["DE"] == "Deutschland"


def test_letters_with_accents_stand_beside_those_without():
    names = [name for _code, name in countries("de")]
    assert names.index("Norwegen") < names.index("Österreich") < names.index("Pakistan")


def test_regions_and_placeholders_are_no_countries():
    codes = dict(countries("en"))
    assert not {"EU", "UN", "ZZ", "001"} & codes.keys()


def test_an_unknown_code_names_itself():
    assert (country_name("XX", "en"), country_name("", "en")) == ("XX", "")
