"""A page loads the letters that it is written with, in files as small as may be, and asks at once for those it surely needs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from plainsail.blocks import fonts
from plainsail.blocks.fonts import FONTS
from plainsail.blocks.services import documents, themes
from plainsail.blocks.services.rendering import PageHead, render_page
from plainsail.ui import vendoring

SHIPPED = [font for font in FONTS.values() if font.file]


def points(letters: str) -> list[int]:
    """The code points of a CSS unicode-range."""
    found: list[int] = []
    for part in letters.split(","):
        first, _dash, last = part.strip().removeprefix("U+").partition("-")
        found += range(int(first, 16), int(last or first, 16) + 1)
    return found


def test_no_letter_is_in_two_files():
    every = Counter(points(f"{fonts.EVERYDAY},{fonts.SELDOM},{fonts.RARE}"))
    assert [hex(point) for point, count in every.items() if count > 1] == []


@pytest.mark.parametrize(
    "words", ["Größe, Straße, „Äpfel“", "Ça coûte 5 € – c’est l’œuvre", "¿Qué año?", "Smørrebrød på å"]
)
def test_western_european_words_need_the_everyday_letters_alone(words):
    assert {ord(letter) for letter in words} <= set(points(fonts.EVERYDAY))


@pytest.mark.parametrize("font", SHIPPED, ids=lambda font: font.name)
def test_every_file_of_a_typeface_is_shipped(font):
    files = {face.file for face in (*font.faces_of_texts, *font.faces_of_headings)}
    assert [file for file in sorted(files) if not isinstance(finders.find(file), str)] == []


def test_the_files_are_cut_for_the_letters_that_style_says_are_in_them():
    cut = [file for package in vendoring.entries() for file in package["files"] if "letters" in file]
    assert {file["letters"] for file in cut} == {fonts.EVERYDAY}
    used = {face.file for font in SHIPPED for face in (*font.faces_of_texts, *font.faces_of_headings)}
    assert {file["path"].split("/static/")[1] for file in cut} <= used


@pytest.mark.parametrize("theme", themes.THEMES)
def test_what_a_page_asks_for_at_once_is_small(theme):
    first = themes.first_fonts({**themes.DEFAULT, "name": theme})
    sizes = [Path(finders.find(file)).stat().st_size for file in first]
    assert 0 < sum(sizes) < 56 * 1024


def test_a_page_asks_at_once_for_one_cut_of_its_heading_and_for_its_text():
    page = render_page(documents.build("juniper", [("hero", {"heading": "Bowls"})]), PageHead(title="Bowls"))

    head = page.html.split("</head>")[0]
    asked = [line for line in head.splitlines() if 'as="font"' in line]
    assert [line.split('href="')[1].split('"')[0].rsplit("/", 1)[1].split(".")[0] for line in asked] == [
        "fraunces-everyday-strong",
        "inter-everyday",
    ]


def test_texts_in_a_heading_typeface_have_all_its_weights():
    css = themes.css({**themes.DEFAULT, "name": "juniper", "body_font": "fraunces"})
    assert "fraunces-everyday.woff2" in css
    assert "strong" not in css
    assert themes.first_fonts({**themes.DEFAULT, "name": "juniper", "body_font": "fraunces"}) == [
        FONTS["fraunces"].file
    ]
