"""Every address on a site's host, from anybody, with anything: an answer below 500, and nothing of another business."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls.converters import UUIDConverter

from plainsail.kernel.ids import new_id
from tests.walking import GARBAGE, Address, addresses, fitting, furnish, ids_of

pytestmark = pytest.mark.long

PUBLIC = addresses("plainsail.public_urls")
BODIES = [
    ({}, None),
    ({"email": "x" * 5000, "name": "\x00", "next": "//evil.example", "_page": "\\", "quantity": "9" * 400}, None),
    ({"email": ["a", "b"], "amount": "-1", "price": "1e309", "date": "0000-00-00", "id": "' OR 1=1--"}, None),
    (b"{", "application/json"),
    (b"\xff\xfe" * 50, "application/json"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"a=%zz&b=%00&=", "application/x-www-form-urlencoded"),
]


def name(address: Address) -> str:
    return address.name.removeprefix("plainsail.")


def id_arguments(address: Address) -> list[str]:
    """The arguments of the address that are ids of rows."""
    return [argument for argument, kind in address.arguments if kind is UUIDConverter]


BEARING_IDS = [address for address in PUBLIC if id_arguments(address)]


def test_there_are_addresses_to_try():
    assert len(PUBLIC) > 2
    assert len(BEARING_IDS) > 2


@pytest.mark.parametrize("address", PUBLIC, ids=name)
def test_anything_in_the_address_is_answered(address, site_client):
    paths = [address.path()] + [
        address.path(**{argument: value}) for argument, kind in address.arguments for value in GARBAGE[kind]
    ]
    for path in paths:
        for method in ("get", "head", "post", "put", "delete", "options"):
            response = getattr(site_client, method)(path)
            assert response.status_code < 500, (method, path[:200])


@pytest.mark.parametrize("address", PUBLIC, ids=name)
def test_anything_in_the_body_is_answered(address, site_client):
    path = address.path(**{argument: str(new_id()) for argument in id_arguments(address)})
    for body, kind in BODIES:
        response = site_client.post(path, body, content_type=kind) if kind else site_client.post(path, body)
        assert response.status_code < 500, (path, body)
        if kind is None:
            assert site_client.get(path, body).status_code < 500, (path, body)


@pytest.mark.parametrize("address", PUBLIC, ids=name)
def test_anything_in_the_headers_is_answered(address, juniper):
    for header in (
        {"Accept-Language": "x" * 4000},
        {"Cookie": "ps_account=%00; ps_session=\\; ps_csrf=" + "x" * 4000},
        {"X-Forwarded-For": "nonsense, <script>"},
        {"Referer": "http://[::1"},
        {"User-Agent": "\\x00" * 500},
        {"HX-Request": "true", "HX-Current-URL": "http://["},
        {"Accept": "application/json"},
    ):
        client = Client(headers={"host": "juniper.localhost", **header})
        for method in ("get", "post"):
            assert getattr(client, method)(address.path()).status_code < 500, (method, header)


@pytest.mark.parametrize("address", BEARING_IDS, ids=name)
def test_rows_of_another_business_are_not_found_on_a_site(address, site_client, ada, acme, cleo, in_workspace):
    with in_workspace(acme):
        furnish()
        rows = ids_of(acme)
    for argument in id_arguments(address):
        for key in fitting(argument, rows)[:3]:
            for method in ("get", "post"):
                response = getattr(site_client, method)(address.path(**{argument: str(key)}))
                assert response.status_code < 500, (method, argument)
                assert b"Acme Anvils" not in response.content


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/w/juniper/", "/%00", "/%FF", "/" + "a" * 4000, "/.//evil.example/", "/..%2f..%2fetc/passwd"]
)
def test_an_address_that_nobody_knows_is_a_page_that_says_so(site_client, path):
    assert site_client.get(path).status_code in {404, 400}


def test_a_post_without_its_token_is_refused_unless_the_view_says_why(juniper):
    """Forms of published pages and declarations carry no token, because they carry no authority; neither do links in mail,

    which are their own. Everything else on a site does.
    """
    strict = Client(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})
    open_to_all = {address.name for address in PUBLIC if strict.post(address.path()).status_code not in {403, 404, 405}}
    exempt = {
        *("plainsail.pages.views.public.form", "plainsail.contacts.views.public.unsubscribe"),
        *(f"plainsail.subscriptions.views.public.{name}" for name in ("cancel_here", "withdraw_here")),
        "plainsail.pages.views.live.count",  # that a pop-up was shown or closed: a page's script says so, and gets nothing for it
        "plainsail.pages.views.live.recognition",  # gives a browser a number that nobody else has, or takes its own away
    }
    assert {address for address in open_to_all if address not in exempt} == set()
