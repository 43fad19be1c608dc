"""Contracts in instalments and on a paid trial, as customers and staff see them: on a phone and a wide screen, light and dark."""

from __future__ import annotations

import os

import pytest

from plainsail.commerce.services import receipts
from plainsail.commerce.tests.factories import MAREN, euros
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.services import links
from plainsail.subscriptions.tests.test_price_shapes import FORTNIGHTLY, buy

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_account_the_receipt_and_the_page_that_cancels_say_what_is_paid(live_server, juniper, page, as_ada):
    parts, trial = buy(juniper, **FORTNIGHTLY), buy(juniper, trial_days=30, initial=euros(900))
    with workspace(juniper):
        key = session_key(customer(MAREN.email))
        paths = {
            "account": "/account/",
            "cancel-parts": links.cancel_path(parts),
            "cancel-trial": links.cancel_path(trial),
            "receipt": f"/receipt/{receipts.token_of(juniper.orders.get(id=parts.order_id))}/",
        }
    site = f"http://juniper.localhost:{live_server.thread.port}"
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_account", "value": key, "url": site}])
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    words = {
        "account": "4 payments of €99.00, one every 2 weeks (€396.00 in all); 1 of 4 payments so far",
        "cancel-parts": "Only once all payments are made is it yours for good.",
        "cancel-trial": "You keep the trial that you paid for until then.",
        "receipt": f"Contract {parts.reference}: 4 payments of €99.00, one every 2 weeks (€396.00 in all)",
        "staff": "4 payments of €99.00, one every 2 weeks (€396.00 in all); 1 of 4 payments so far",
    }
    addresses = {name: site + path for name, path in paths.items()}
    addresses["staff"] = f"{origin}/w/juniper/sales/subscriptions/{parts.id}/"
    trouble = {}
    for name, address in addresses.items():
        page.goto(address)
        page.get_by_text(words[name]).first.wait_for()
        for width, scheme in ((390, "dark"), (1440, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if found := axe(page) + ([f"{overflow(page)} px too wide"] if overflow(page) else []):
                trouble[name, width] = found
            if shots := os.environ.get("SHOTS"):
                page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
    assert trouble == {}
