"""Everybody is spoken to in the nearest language that there is."""

from __future__ import annotations

import pytest

from plainsail.kernel import languages
from plainsail.kernel.countries import countries


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (("de", "fr"), "de"),
        (("de-AT", "fr"), "de"),
        (("", "fr"), "fr"),
        (("tlh", "fr-CA"), "fr"),
        (("not a language!", ""), "en"),
        ((), "en"),
    ],
)
def test_the_first_language_that_we_have_is_spoken_english_if_there_is_none(wanted, spoken):
    assert languages.first_known(*wanted) == spoken


@pytest.mark.parametrize(
    ("language", "name", "between"),
    [("de", "Österreich", ("Oman", "Pakistan")), ("fr", "Égypte", ("Danemark", "Espagne"))],
)
def test_countries_stand_where_their_readers_look_for_them(language, name, between):
    names = [named for _code, named in countries(language)]
    assert names.index(between[0]) < names.index(name) < names.index(between[1])
