"""The account's rooms, and the guard for pages of areas above."""

import pytest
from django.http import HttpResponse
from django.utils.safestring import mark_safe

from plainsail.kernel import clock
from plainsail.portal.sockets import SECTIONS, PortalSection
from plainsail.portal.sockets import customer as guarded
from plainsail.portal.tests.factories import customer, session_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def maren(juniper, in_workspace, site_client):
    """Maren, signed in at Juniper's."""
    with in_workspace(juniper):
        contact = customer()
        site_client.cookies["ps_account"] = session_key(contact)
    return contact


@pytest.fixture
def extra_rooms(monkeypatch):
    monkeypatch.setattr(SECTIONS, "_entries", dict(SECTIONS._entries))

    def add(key, render, order=10):
        SECTIONS.register(key, PortalSection(key=key, title=key.title(), order=order, render=render))

    return add


def test_rooms_of_other_areas_stand_in_order_and_empty_ones_are_left_out(site_client, maren, extra_rooms):
    extra_rooms("second", lambda request, contact: mark_safe(f"<p>for {contact.email}</p>"), order=20)
    extra_rooms("first", lambda request, contact: ("portal/sections/profile.html", {"contact": contact}), order=10)
    extra_rooms("nothing", lambda request, contact: None)
    page = site_client.get("/account/").content.decode()
    assert page.index(">First<") < page.index(">Second<") < page.index(">About you<")
    assert "<p>for maren@example.com</p>" in page
    assert "Nothing" not in page


def test_a_room_works_inside_the_business(site_client, maren, extra_rooms, juniper):
    extra_rooms("events", lambda request, contact: mark_safe(str(request.workspace.events.count())))
    assert site_client.get("/account/").status_code == 200


def test_what_people_call_themselves_is_escaped(site_client, juniper, in_workspace):
    with in_workspace(juniper):
        contact = customer("x@example.com", first_name="<script>alert(1)</script>")
        site_client.cookies["ps_account"] = session_key(contact)
    assert b"<script>alert" not in site_client.get("/account/").content


def test_the_account_leads_to_what_one_gets_by_mail(site_client, maren):
    page = site_client.get("/account/").content.decode()
    path = "/preferences/" + page.split("/preferences/", 1)[1].split('"', 1)[0]
    assert "maren@example.com" in site_client.get(path).content.decode()


def test_the_guard_hands_the_contact_to_the_view(rf, juniper, in_workspace):
    @guarded
    def view(request, number):
        return HttpResponse(f"{request.contact.email} {number}")

    with in_workspace(juniper):
        request = rf.get("/account/orders/7/?x=1", headers={"host": "juniper.localhost:8000"})
        request.workspace, request.now = juniper, clock.now()
        assert view(request, 7)["Location"] == "/account/sign-in/?next=%2Faccount%2Forders%2F7%2F%3Fx%3D1"
        request.COOKIES["ps_account"] = session_key(customer())
        response = view(request, 7)
        assert response.content == b"maren@example.com 7"
        assert "no-store" in response["Cache-Control"]
    assert view.is_public


def test_the_account_page_takes_few_queries(site_client, maren, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(SECTIONS, "_entries", {"profile": SECTIONS["profile"]})
    site_client.get("/account/")
    with django_assert_num_queries(6):
        site_client.get("/account/")


def test_every_public_page_offers_the_account_at_its_foot(site_client, juniper):
    assert 'href="/account/"' in site_client.get("/account/sign-in/").content.decode()
