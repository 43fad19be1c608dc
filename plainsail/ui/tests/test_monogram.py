from __future__ import annotations

from urllib.parse import unquote

import pytest

from plainsail.ui.monogram import monogram


@pytest.mark.parametrize(
    ("name", "letter"),
    [("juniper Pottery", "J"), ("“Übung”", "Ü"), ("ß-Töne", "S"), ("7 Seas", "7"), ("…", "·"), ("", "·")],
)
def test_the_sign_is_the_first_letter_of_the_name(name, letter):
    assert f">{letter}</text>" in unquote(monogram(name))


def test_it_can_stand_in_an_attribute_whatever_the_name():
    assert not set('"<>#& ') & set(monogram('"><&# script>', ground="#123456"))
