"""Every section in every layout, on every ground and in every theme, as a real browser shows it."""

from __future__ import annotations

import pytest

from plainsail.blocks.services import documents, rendering, themes
from plainsail.blocks.sockets import BLOCKS, FEEDS, REFERENCES, ReferenceKind
from plainsail.blocks.tests.showing_all import (
    FORM,
    FORM_CARD,
    OFFER,
    OFFER_CARD,
    POSTS,
    every_section,
    framed,
    layouts,
)
from plainsail.kernel.testing.browser import axe, overflow

HEAD = rendering.PageHead(title="Everything", site_name="Juniper", legal_links=[("Cancel contracts here", "/cancel/")])


@pytest.fixture(autouse=True)
def rows(monkeypatch):
    kinds = {
        "form": ReferenceKind(label="Form", options=list, cards=lambda ids: {FORM: FORM_CARD}),
        "offer": ReferenceKind(label="Offer", options=list, cards=lambda ids: {OFFER: OFFER_CARD}),
    }
    monkeypatch.setattr(REFERENCES, "_entries", kinds)
    monkeypatch.setattr(FEEDS, "_entries", {"posts": lambda props: POSTS})


def shown(page, seeds, **theme):
    """The page as it comes out, put before the browser; what it would fetch is not there."""
    document = documents.build({**themes.DEFAULT, **theme}, seeds)
    page.set_content(rendering.render_page(document, HEAD).html)


@pytest.mark.parametrize(
    ("navigation", "footer", "width"),
    [("row", "row", 1280), ("split", "columns", 1280), ("centred", "centred", 320), ("row", "deep", 320)],
)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_every_section_can_be_read_by_everybody_and_fits(page, part, navigation, footer, width):
    seeds = every_section(grounds=("paper", "tint", "deep") if width == 320 else ("tint", "deep", "paper"))
    page.set_viewport_size({"width": width, "height": 900})
    shown(page, framed(seeds[part::3], navigation=navigation, footer=footer))
    assert (axe(page), overflow(page)) == ([], 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", themes.THEMES)
def test_words_stand_out_in_every_theme_by_day_and_by_night(page, theme, scheme):
    seeds = [
        (kind.type, {**next(layouts(kind)), "ground": ground}, kind.inside())
        for ground in ("paper", "tint", "deep")
        for kind in BLOCKS
        if "ground" in kind.fields and kind.place == "section" and kind.landmark == "main"
    ]
    shown(page, framed(seeds), name=theme, scheme=scheme)
    assert axe(page, rule="color-contrast") == []


def test_what_has_the_focus_stands_out_on_dark_ground(page):
    document = documents.build(themes.DEFAULT, [("form", {"heading": "Join", "form": str(FORM), "layout": "beside"})])
    page.set_content(rendering.render_page(document, HEAD).html)
    page.get_by_label("E-mail").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineColor")
    spark = themes.THEMES[themes.DEFAULT["name"]].colours["spark"]
    assert outline == "rgb({}, {}, {})".format(*bytes.fromhex(spark.removeprefix("#")))
