"""The look of a page in a real browser: a colour of one's own, what is said about it, and the nearest that can be read."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.kernel.testing.browser import axe
from plainsail.pages.tests.test_editor import editor, saved, stage, subject

__all__ = ["editor", "stage", "subject"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_own_colour_is_judged_as_it_is_chosen_and_the_nearest_readable_one_taken(editor, stage):
    editor.evaluate("""document.querySelector("[data-act=theme]").click()""")
    colour = editor.get_by_label("Own colour for buttons and links", exact=True)
    colour.fill("#f0c040")
    colour.press("Enter")
    saved(editor)
    expect(editor.get_by_text("Contrast 1.4 : 1, and 4.5 is needed")).to_be_visible()

    take = editor.get_by_role("button", name="Take #")
    nearest = take.inner_text().strip().removeprefix("Take ")
    take.press("Enter")
    expect(editor.get_by_text("Easy to read")).to_be_visible()
    expect(editor.get_by_label("Own colour for buttons and links", exact=True)).to_have_value(nearest)
    expect(stage.locator("a.button").first).to_have_css(
        "background-color", "rgb({}, {}, {})".format(*bytes.fromhex(nearest[1:]))
    )
    assert axe(editor, within="#panel") == []
