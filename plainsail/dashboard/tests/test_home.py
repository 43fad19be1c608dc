"""Home shows honest numbers, what sold, and what is left to do; search finds by the beginning of a name."""

from __future__ import annotations

from datetime import timedelta

from plainsail.commerce.tests.factories import bought
from plainsail.contacts.services import contacts
from plainsail.dashboard import queries
from plainsail.dashboard.services import checklist
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace


def test_an_empty_business_is_greeted_and_told_the_next_step(as_ada, juniper):
    words = as_ada.get("/w/juniper/").content.decode()
    assert "Ada" in words
    assert "No sales yet" in words
    assert "Publish your first page" in words


def test_numbers_are_of_the_last_fourteen_days_compared_with_those_before(juniper):
    at = clock.now()
    with workspace(juniper):
        for days in (0, 3, 13, 14, 20, 40):
            contacts.find_or_create(email=f"c{days}@example.com", source="", at=at - timedelta(days=days))
        period = queries.span(juniper, at=at)
        figure = queries.new_contacts(juniper, period)
        assert (figure.value, figure.before, figure.change) == (3, 2, "+50%")
        assert sum(number for _day, number in queries.contacts_per_day(juniper, period)) == 3


def test_a_sale_shows_at_once(as_ada, juniper):
    bought(juniper, at=clock.now())
    words = as_ada.get("/w/juniper/").content.decode()
    assert "€175.00" in words
    assert "Maren Thiessen" in words
    with workspace(juniper):
        assert checklist.steps(juniper).done == 2


def test_search_finds_people_and_orders_and_nothing_of_others(as_ada, as_cleo, juniper):
    bought(juniper, at=clock.now())
    assert b"maren@example.com" in as_ada.get("/w/juniper/search/?q=maren").content
    assert b"Nothing found" in as_ada.get("/w/juniper/search/?q=zzz").content
    assert as_ada.get("/w/juniper/search/?q=" + "x" * 5000).status_code == 200
    assert as_cleo.get("/w/juniper/search/?q=maren").status_code == 404


def test_a_change_from_nothing_is_said_plainly():
    assert [queries.Figure(*pair).change for pair in ((3, 0), (0, 0), (1, 2), (2, 2))] == ["+3", "", "−50%", "±0%"]
