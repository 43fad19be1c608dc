"""An offer that a countdown closes can't be bought by whoever's time is up, whatever link or page they kept."""

from __future__ import annotations

from datetime import timedelta

from plainsail.commerce.models import Order
from plainsail.commerce.tests.factories import NOON, offer
from plainsail.commerce.tests.test_checkout_page import URL, attempt, send, typed
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.pages.models import Countdown
from plainsail.pages.services import countdowns


def test_a_page_that_was_open_when_time_ran_out_buys_nothing(juniper, site_client):
    late = new_id()
    with workspace(juniper):
        closes = {"offers": [str(offer().id)]}
        one = countdowns.save(Countdown(), name="An hour", kind="visit", minutes=60, closes=closes, created_at=NOON)
        countdowns.begin(one, visitor_id=late, contact=None, at=NOON - timedelta(minutes=30))
    site_client.cookies["ps_v"] = late.hex
    token = attempt(site_client)
    with workspace(juniper):
        one.starts.update(started_at=NOON - timedelta(days=400))

    looked, sent = site_client.get(URL), site_client.post(URL, {"attempt": token} | typed())

    assert (looked.status_code, sent.status_code) == (410, 410)
    assert "This offer has ended." in looked.content.decode()
    with workspace(juniper):
        assert not Order.objects.exists()
    site_client.cookies["ps_v"] = new_id().hex
    assert send(site_client).status_code == 302
