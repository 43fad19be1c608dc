"""Every address of the API as somebody who has no business there, with anything: a problem document, and nothing done."""

from __future__ import annotations

import json
from itertools import islice, product

import pytest
from django.test import Client
from django.urls.converters import SlugConverter, UUIDConverter

from plainsail.accounts.tests.factories import program
from plainsail.api.views import door, mounting
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.throttle import Throttle
from plainsail.subscriptions.tests.factories import subscribed
from tests.test_strangers import fingerprint
from tests.walking import Address, addresses, fitting, furnish, ids_of

pytestmark = pytest.mark.long

ENDPOINTS = [address for address in addresses("plainsail.urls") if address.name.startswith("plainsail.api.views.door.")]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MODELS = {"subscription_id": "subscription", "order_id": "order", "list_id": "list"}
GARBAGE = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"a": 1}',
    b'{"email": "\\u0000"}',
    b"\xff" * 50,
    b'{"to": "9999-12-31T23:59:59Z"}',
)


def name(address: Address) -> str:
    return address.name.rpartition(".")[2]


def methods_of(address: Address) -> list[str]:
    route = "".join(
        part + (f"{{{argument[0]}}}" if argument else "")
        for part, argument in zip(address.parts, [*address.arguments, None], strict=True)
    )
    return sorted(mounting.endpoints()["/" + route])


def filled(address: Address, rows: dict) -> list[str]:
    """The address with ids of a business's rows in it; a few sets of them."""
    choices = [
        [str(key) for key in rows.get(MODELS.get(argument, ""), []) or fitting(argument, rows)]
        if kind is UUIDConverter
        else ["vip" if kind is SlugConverter else "x"]
        for argument, kind in address.arguments
    ]
    names = [argument for argument, _kind in address.arguments]
    return [address.path(**dict(zip(names, values, strict=True))) for values in islice(product(*choices), 3)]


@pytest.fixture
def rows(juniper, ada):
    """Juniper's rows by model, a contract with its order and invoice among them."""
    subscribed(juniper)
    with workspace(juniper):
        furnish()
        return ids_of(juniper)


def is_problem(answer) -> bool:
    kind = answer["Content-Type"] if "Content-Type" in answer.headers else ""
    return kind == "application/problem+json" and json.loads(answer.content)["status"] == answer.status_code


def test_there_are_endpoints_to_try():
    assert len(ENDPOINTS) > 15


def test_without_a_key_nothing_is_told_or_done(rows, juniper):
    nobody = Client(headers={"host": "localhost"})
    with workspace(juniper):
        before = fingerprint(juniper)
    for path in [path for address in ENDPOINTS for path in filled(address, rows)[:1]]:
        for method in METHODS:
            answer = nobody.generic(method, path, b"{}", content_type="application/json")
            assert answer.status_code == 401, (method, path)
            assert method == "HEAD" or is_problem(answer), (method, path)
    with workspace(juniper):
        assert fingerprint(juniper) == before


def test_ids_of_another_business_are_not_found(rows, juniper, acme, monkeypatch):
    monkeypatch.setattr(door, "RATE", Throttle(purpose="api", limit=10_000))
    cleo = program(acme)
    with workspace(juniper):
        before = fingerprint(juniper)
    bodies = (
        {},
        {"tags": ["X"]},
        {"list": str(rows["list"][0]), "wording": "They said so"},
        {"received_at": "2026-11-20T10:00:00Z"},
    )
    for address in ENDPOINTS:
        if not address.arguments:
            continue
        for path in filled(address, rows):
            for method in methods_of(address):
                for body in bodies:
                    answer = cleo.generic(method, path, json.dumps(body), content_type="application/json")
                    assert answer.status_code in {404, 422}, (method, path, body, answer.content)
                    assert b"Juniper" not in answer.content
    with workspace(juniper):
        assert fingerprint(juniper) == before


@pytest.mark.parametrize("address", ENDPOINTS, ids=name)
def test_garbage_is_answered_in_words_and_changes_nothing(address, rows, juniper):
    shop = program(juniper)
    for path in filled(address, rows)[:1]:
        for method in {*METHODS} - {*methods_of(address), "HEAD"}:
            assert shop.generic(method, path).status_code == 405
        for method in methods_of(address):
            if method != "DELETE":
                for body in GARBAGE:
                    answer = shop.generic(method, path, body, content_type="application/json")
                    assert answer.status_code < 500, (method, path, body)
                    assert answer.status_code < 400 or is_problem(answer), (method, path, body)
            for question in ("?unknown=1", "?limit=x", "?cursor=%F0%9F", "?" + "a" * 5000):
                assert shop.generic(method, path + question).status_code in {400, 404, 422}, (method, path, question)
            for header in ({"If-Match": "x" * 5000}, {"Idempotency-Key": "\x01"}, {"Accept": "text/html"}):
                answer = shop.generic(method, path, b"[]", content_type="application/json", headers=header)
                assert answer.status_code < 500, (method, path, header)


@pytest.mark.parametrize("address", [one for one in ENDPOINTS if one.arguments], ids=name)
def test_garbage_in_the_address_is_not_found(address, juniper):
    shop = program(juniper)
    for value in ("0", "00000000-0000-0000-0000-000000000000", "%27%20OR%201=1--", "a" * 3000, "%2e%2e%2f", "%FF"):
        for method in methods_of(address):
            path = address.path(**{argument: value for argument, _kind in address.arguments})
            answer = shop.generic(method, path, b'{"tags": ["x"]}', content_type="application/json")
            assert answer.status_code in {404, 422}, (method, path[:100])
            assert is_problem(answer)
