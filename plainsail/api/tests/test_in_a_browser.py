"""The reference in a real browser: accessible in light and dark, and never wider than a phone."""

from __future__ import annotations

import pytest

from plainsail.kernel.testing.browser import axe, overflow, schemes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_the_reference_is_accessible_and_never_scrolls_sideways(live_server, page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{live_server.url.replace('127.0.0.1', 'localhost')}/api/v1/docs")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for scheme, rule in schemes(page):
        assert (scheme, axe(page, rule=rule), overflow(page)) == (scheme, [], 0)
