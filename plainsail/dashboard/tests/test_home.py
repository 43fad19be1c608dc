"""Home shows honest numbers, what sold, and what is left to do; search finds by the beginning of a name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.accounts.models import Role
from plainsail.commerce.models import Mode, Seller
from plainsail.commerce.tests.factories import bought
from plainsail.contacts.services import contacts
from plainsail.dashboard import queries
from plainsail.dashboard.services import checklist
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace


@pytest.fixture
def as_viewer(as_ben, ben, juniper):
    ben.memberships.filter(workspace=juniper).update(role=Role.VIEWER)
    return as_ben


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


def test_a_change_from_nothing_is_no_percentage():
    assert [queries.Figure(*pair).change for pair in ((3, 0), (0, 0), (1, 2), (2, 2))] == ["", "", "−50%", "±0%"]


def test_the_set_up_leads_until_half_of_it_is_done(as_ada, juniper):
    before = as_ada.get("/w/juniper/").content.decode()
    bought(juniper, at=clock.now())
    after = as_ada.get("/w/juniper/").content.decode()
    assert before.index("Finish setting up") < before.index("Page views")
    assert after.index("Finish setting up") > after.index("Page views")


def test_whoever_may_change_nothing_is_not_asked_to_set_up(as_viewer):
    words = as_viewer.get("/w/juniper/").content.decode()
    assert ("Finish setting up" in words, "Create" in words) == (False, False)


def test_sales_of_test_mode_say_that_no_money_moved(as_ada, juniper):
    bought(juniper, at=clock.now())
    assert "no money moved" in as_ada.get("/w/juniper/").content.decode()


def test_test_sales_stop_counting_once_real_money_is_taken(juniper):
    at = clock.now()
    bought(juniper, at=at)
    with workspace(juniper):
        period = queries.span(juniper, at=at)
        test = queries.sales(juniper, period, mode=queries.selling_mode())[0]
        Seller.objects.update(mode=Mode.LIVE)
        live = queries.sales(juniper, period, mode=queries.selling_mode())[0]
    assert (test.minor, live.minor) == (17500, 0)


def test_search_finds_somebody_by_both_names(as_ada, juniper):
    with workspace(juniper):
        fields = {"first_name": "Maren", "last_name": "Thiele"}
        contacts.create(email="m@example.com", fields=fields, source="manual", at=clock.now())
    assert b"m@example.com" in as_ada.get("/w/juniper/search/?q=maren th").content
    assert b"m@example.com" not in as_ada.get("/w/juniper/search/?q=maren q").content


def test_search_leads_to_the_places_of_the_house_that_the_role_reaches(as_ada, as_viewer):
    owner, viewer = (
        who.get("/w/juniper/search/?q=billing", headers={"HX-Request": "true"}).content.decode()
        for who in (as_ada, as_viewer)
    )
    assert ("/w/juniper/settings/billing/" in owner, "/w/juniper/settings/billing/" in viewer) == (True, False)


def test_search_offers_what_can_be_made_before_a_word_is_typed(as_ada):
    assert "/w/juniper/pages/new/" in as_ada.get("/w/juniper/search/", headers={"HX-Request": "true"}).content.decode()
