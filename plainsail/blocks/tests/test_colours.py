"""Colours of one's own are whatever one likes; words are always shown in one that can be read."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plainsail.blocks.colours import READABLE, best_on, contrast, least_contrast, mix, nearest
from plainsail.blocks.schema import OwnColour
from plainsail.blocks.services import documents, panels, themes

HEX = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
OWN = st.one_of(st.just(""), HEX)
WORDS = ("ink", "soft", "muted", "accent")
GROUNDS = ("paper", "wash", "tint", "card")


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#abcdef", "#abcdef", 1)]
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_the_nearest_colour_keeps_its_hue():
    assert nearest("#ff8800", ("#ffffff",)) == "#c25600"
    assert nearest("#20705b", ("#ffffff",)) == "#20705b"


def test_a_mixture_lies_between():
    assert [mix("#000000", "#ffffff", share) for share in (0, 0.5, 1)] == ["#000000", "#808080", "#ffffff"]


@settings(max_examples=150, deadline=None)
@given(colour=HEX, ground=HEX)
def test_the_nearest_colour_can_always_be_read(colour, ground):
    found = nearest(colour, (ground,))

    assert contrast(found, ground) >= READABLE
    assert found == colour or contrast(colour, ground) < READABLE


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(list(themes.THEMES)),
    scheme=st.sampled_from(["light", "auto", "dark"]),
    own=st.fixed_dictionaries(dict.fromkeys(("accent", "ink", "deep"), OWN)),
)
def test_whatever_is_chosen_words_can_be_read(name, scheme, own):
    choice = {**themes.DEFAULT, **own, "name": name, "scheme": scheme}

    for colours in (themes.day(choice), themes.night(choice)):
        pairs = [(colours[words], colours[ground]) for words in WORDS for ground in GROUNDS]
        pairs += [(colours[f"on_{ground}"], colours[ground]) for ground in ("accent", "deep", "spark")]
        pairs += [
            (colours[words], colours[ground]) for words in ("on_deep_soft", "spark") for ground in ("deep", "deep_card")
        ]
        assert min(contrast(*pair) for pair in pairs) >= READABLE


@settings(max_examples=60, deadline=None)
@given(paper=HEX)
@example(paper="#007ca1")
def test_whatever_the_page_is_painted_its_text_can_be_read(paper):
    colours = themes.day({**themes.DEFAULT, "paper": paper})

    assert contrast(colours["ink"], colours["paper"]) >= READABLE
    assert min(least_contrast(colours[words], (colours["paper"],)) for words in WORDS) >= 4.4


def test_advice_says_what_a_colour_is_worth():
    faint = themes.advice({**themes.DEFAULT, "accent": "#f0c040"}, "accent")
    strong = themes.advice({**themes.DEFAULT, "accent": "#20705b"}, "accent")

    assert (round(faint.ratio, 2), faint.passes) == (1.47, False)
    assert themes.advice({**themes.DEFAULT, "accent": faint.nearest}, "accent").passes
    assert (strong.passes, strong.nearest) == (True, "")
    assert themes.advice(themes.DEFAULT, "accent") is None


def test_the_panel_shows_the_ratio_and_offers_the_nearest_colour():
    document = documents.build({**themes.DEFAULT, "accent": "#f0c040"}, [])

    panel = panels.render_theme_panel(document)
    advised = themes.advice(document.theme, "accent").nearest
    assert "Contrast 1.4 : 1, and 4.5 is needed" in panel
    assert f'data-colour-take="{advised}"' in panel


@pytest.mark.parametrize("name", themes.THEMES)
def test_an_own_colour_is_worn_in_every_theme(name):
    css = themes.css({**themes.DEFAULT, "name": name, "deep": "#123456", "heading_font": "lora"})

    assert "--deep:#123456" in css
    assert "--heading-font:Lora" in css
    assert css.count("@font-face") in (3, 6)


def test_a_page_is_dark_where_the_device_is_only_if_that_was_chosen():
    assert "prefers-color-scheme" not in themes.css(themes.DEFAULT)
    assert "color-scheme:dark" in themes.css({**themes.DEFAULT, "scheme": "auto"}).partition("prefers-color-scheme")[2]
    assert "color-scheme:dark" in themes.css({**themes.DEFAULT, "scheme": "dark"})


@pytest.mark.parametrize(
    ("written", "stored"), [("#ABCDEF", "#abcdef"), ("abc", "#aabbcc"), (" #20705b ", "#20705b"), ("", "")]
)
def test_a_colour_may_be_written_in_several_ways(written, stored):
    assert OwnColour(label="c").clean(written, (), {}) == stored


@pytest.mark.parametrize(
    "written", ["red", "#12", "#12345g", "rgb(1,2,3)", "#fff;}body{display:none", "url(//x)", 7, None]
)
def test_what_is_no_colour_is_refused(written):
    errors = {}

    assert OwnColour(label="c").clean(written, ("theme", "accent"), errors) == ""
    assert list(errors) == [("theme", "accent")]


def test_the_better_of_two_is_chosen():
    assert (best_on("#000000"), best_on("#ffee00")) == ("#ffffff", "#111111")
