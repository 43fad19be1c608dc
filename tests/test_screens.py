"""Every staff screen in a real browser: accessible in light and dark, and never wider than a phone."""

from __future__ import annotations

import pytest

from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow, schemes
from plainsail.subscriptions.tests.factories import subscribed
from tests.test_strangers import STAFF, filled
from tests.walking import Address, furnish, ids_of

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

PHONE, SMALL = {"width": 390, "height": 844}, {"width": 320, "height": 640}
PARTS = 6
"""Of all addresses, so that several workers can share them."""


def screens(addresses: list[Address], juniper, as_ada) -> list[str]:
    """The address of each screen that answers its owner with a page of the application's own frame."""
    subscribed(juniper)
    with workspace(juniper):
        furnish()
        rows = ids_of(juniper)
    paths = [path for address in addresses for path in filled(address, "juniper", rows)[:1]]
    answers = [(path, as_ada.get(path)) for path in paths]
    return [
        path
        for path, page in answers
        if page.status_code == 200
        and page["Content-Type"].startswith("text/html")
        and b'<main class="' in page.content
        and b"data-section" not in page.content
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_screen_is_accessible_and_fits_a_phone(part, juniper, page, live_server, as_ada):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    found, paths = [], screens(STAFF[part::PARTS], juniper, as_ada)
    for path in paths:
        page.set_viewport_size(PHONE)
        page.goto(origin + path)
        for scheme, rule in schemes(page):
            found += [(path, scheme, fault) for fault in axe(page, rule=rule)]
        for size in (PHONE, SMALL):
            page.set_viewport_size(size)
            if over := overflow(page):
                found.append((path, size["width"], over))
    assert found == []
    assert len(paths) > 30 / PARTS
