"""Every section in every layout, on every ground and in every theme, as a real browser shows it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from plainsail.blocks.schema import Choice, Colour
from plainsail.blocks.services import documents, rendering, themes
from plainsail.blocks.sockets import BLOCKS, REFERENCES, FormCard, FormInput, ReferenceKind
from plainsail.kernel.ids import new_id
from plainsail.kernel.testing.browser import axe, overflow

HEAD = rendering.PageHead(title="Everything", site_name="Juniper", legal_links=[("Cancel contracts here", "/cancel/")])
FORM = new_id()
CARD = FormCard(
    action="/f/1",
    consent="We write to you.",
    inputs=[
        FormInput(name="first_name", label="First name"),
        FormInput(name="email", label="E-mail", kind="email", required=True, error="Is there an @ in it?"),
    ],
)
MORE: dict[str, dict[str, Any]] = {
    "hero": {"note": "Small print"},
    "form": {"form": str(FORM)},
    "button": {"text": "One thing to do next"},
    "text": {
        "text": "<h2>A heading</h2><p>Words with a <a href='/x'>link</a>.</p><ul><li>One</li></ul>"
        "<blockquote>Said by <strong>somebody</strong></blockquote>"
    },
    "footer": {"items": [{"label": "Imprint", "link": "/imprint"}]},
}


@pytest.fixture(autouse=True)
def form(monkeypatch):
    kind = ReferenceKind(label="Form", options=list, cards=lambda ids: {FORM: CARD})
    monkeypatch.setattr(REFERENCES, "_entries", {"form": kind})


def sections(*, footer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, kind in BLOCKS.items():
        choices = {key: field.choices for key, field in kind.fields.items() if isinstance(field, Choice | Colour)}
        for values in product(*choices.values()):
            chosen = {key: value[0] for key, value in zip(choices, values, strict=True)}
            # A page has one footer.
            if "page" in kind.surfaces and (name != "footer" or chosen["layout"] == footer):
                yield name, {**kind.example(), **MORE.get(name, {}), **chosen}


@pytest.mark.parametrize("theme", themes.THEMES)
@pytest.mark.parametrize(("footer", "width"), [("row", 1280), ("centred", 320)])
def test_every_section_can_be_read_by_everybody_and_fits(page, theme, footer, width):
    document = documents.build({**themes.DEFAULT, "name": theme}, list(sections(footer=footer)))
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(rendering.render_page(document, HEAD).html)
    assert (axe(page), overflow(page)) == ([], 0)


def test_what_has_the_focus_stands_out_on_dark_ground(page):
    document = documents.build(themes.DEFAULT, [("form", {"heading": "Join", "form": str(FORM), "layout": "beside"})])
    page.set_content(rendering.render_page(document, HEAD).html)
    page.get_by_label("E-mail").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineColor")
    spark = themes.THEMES[themes.DEFAULT["name"]].colours["spark"]
    assert outline == "rgb({}, {}, {})".format(*bytes.fromhex(spark.removeprefix("#")))
