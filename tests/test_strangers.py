"""Every staff address as somebody who has no business there: nothing is shown, nothing is changed, nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import islice, product

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls.converters import UUIDConverter

from plainsail.accounts.models import Role
from plainsail.accounts.tests.factories import MembershipFactory
from plainsail.kernel.models import Workspace
from tests.walking import GARBAGE, ORDINARY, Address, addresses, fitting, furnish, ids_of, is_owned

pytestmark = pytest.mark.long


def area_of(address: Address) -> str:
    return address.name.removeprefix("plainsail.").partition(".")[0]


STAFF = [address for address in addresses("plainsail.urls") if address.parts[0] == "w/"]
OPEN = [address for address in addresses("plainsail.urls") if address.parts[0] != "w/"]
BY_AREA = {area: [address for address in STAFF if area_of(address) == area] for area in sorted({*map(area_of, STAFF)})}
"""For what changes nothing: one set of rows serves all addresses of an area."""
METHODS = ("get", "post", "head", "put", "patch", "delete", "options")
COMBINATIONS = 3
"""How many sets of arguments are tried at one address."""


def name(address: Address) -> str:
    return address.name.removeprefix("plainsail.")


@pytest.fixture
def rows(juniper, ada, ben, in_workspace):
    """Juniper's rows by model: something of everything that a factory or the business's own opening made."""
    with in_workspace(juniper):
        furnish()
        return ids_of(juniper)


def filled(address: Address, workspace: str, rows: dict) -> list[str]:
    """The address in a workspace, with ids of its rows in the arguments."""
    wanted = [argument for argument in address.arguments if argument[0] != "workspace"]
    choices = [
        [str(key) for key in fitting(argument, rows)]
        if kind is UUIDConverter
        else [ORDINARY.get(kind, "x"), GARBAGE[kind][0]]
        for argument, kind in wanted
    ]
    return [
        address.path(
            workspace=workspace, **{argument[0]: value for argument, value in zip(wanted, values, strict=True)}
        )
        for values in islice(product(*choices), COMBINATIONS)
    ]


def attempts(paths: list[str]) -> list[tuple[str, str]]:
    """Every method at the first path, looking and posting at the others."""
    return [(path, method) for number, path in enumerate(paths) for method in (METHODS if number == 0 else METHODS[:2])]


def fingerprint(workspace: Workspace) -> dict[str, int]:
    """How many rows of each kind a workspace has, inside it."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models() if is_owned(model)}


@contextmanager
def undone_afterwards() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_there_are_addresses_to_try():
    assert len(STAFF) > 10


@pytest.mark.parametrize("area", BY_AREA)
def test_a_stranger_finds_nothing(area, as_cleo, cleo, rows, juniper, in_workspace):
    with in_workspace(juniper):
        before = fingerprint(juniper)
    for address in BY_AREA[area]:
        for path, method in attempts(filled(address, "juniper", rows)):
            response = getattr(as_cleo, method)(path)
            assert response.status_code == 404, (method, path)
            assert b"Juniper Pottery" not in response.content, (method, path)
    with in_workspace(juniper):
        assert fingerprint(juniper) == before


@pytest.mark.parametrize("area", BY_AREA)
def test_ids_of_another_business_are_not_found_in_ones_own(area, as_cleo, cleo, rows, juniper, in_workspace):
    """Cleo puts Juniper's ids into the addresses of her own business."""
    with in_workspace(juniper):
        before = fingerprint(juniper)
    for address in BY_AREA[area]:
        if not any(kind is UUIDConverter for _argument, kind in address.arguments):
            continue
        for path, method in attempts(filled(address, "acme", rows)):
            response = getattr(as_cleo, method)(path)
            assert response.status_code in {404, 405} or method == "options", (method, path, response.status_code)
            assert b"Juniper Pottery" not in response.content, (method, path)
    with in_workspace(juniper):
        assert fingerprint(juniper) == before


@pytest.mark.parametrize("area", BY_AREA)
def test_nobody_is_asked_to_sign_in(area, client, rows):
    for path in [path for address in BY_AREA[area] for path in filled(address, "juniper", rows)[:1]]:
        for method in METHODS:
            response = getattr(client, method)(path)
            assert response.status_code == 302, (method, path)
            assert response["Location"].startswith("/accounts/login/?next=/")


@pytest.mark.parametrize("area", BY_AREA)
def test_somebody_who_may_only_look_changes_nothing_by_post(area, rows, juniper, in_workspace):
    """A viewer may be refused, sent back or told what is missing; never let through to an error of ours."""
    viewer = Client(headers={"host": "localhost"})
    viewer.force_login(MembershipFactory(workspace=juniper, role=Role.VIEWER).user)
    for path in [path for address in BY_AREA[area] for path in filled(address, "juniper", rows)[:2]]:
        assert viewer.post(path).status_code < 500, path


@pytest.mark.parametrize("address", STAFF, ids=name)
def test_garbage_in_an_address_is_no_error_of_ours(address, as_ada):
    for argument, kind in address.arguments:
        for value in GARBAGE[kind] if argument != "workspace" else ("juniper", "nowhere", "a" * 3000, "-"):
            path = address.path(**{"workspace": "juniper", argument: value})
            for method in ("get", "post"):
                assert getattr(as_ada, method)(path).status_code < 500, (method, path[:200])


@pytest.mark.parametrize("area", BY_AREA)
def test_garbage_in_a_question_or_a_form_is_no_error_of_ours(area, as_ada, rows):
    """Each address finds the rows and the visitor as they were at first."""
    garbage = dict.fromkeys(("q", "page", "next", "id", "email", "name", "order", "cursor"), "\x00\ud7ffé' OR 1=1--")
    cookies = deepcopy(as_ada.cookies)
    for path in [path for address in BY_AREA[area] for path in filled(address, "juniper", rows)[:1]]:
        as_ada.cookies = deepcopy(cookies)
        with undone_afterwards():
            throw(garbage, path, as_ada)


def throw(garbage: dict, path: str, visitor: Client) -> None:
    for values in (garbage, dict.fromkeys(garbage, "9" * 5000)):
        assert visitor.get(path, values).status_code < 500, path
        assert visitor.post(path, values).status_code < 500, path
    # Nothing at all: looked at so by whoever walks over the screens (test_screens).
    assert visitor.post(path, {}).status_code < 500, path
    for body, kind in ((b"{", "application/json"), (b"\xff" * 100, "application/json"), (b"\xff", "text/plain")):
        assert visitor.post(path, body, content_type=kind).status_code < 500, (path, kind)


@pytest.mark.parametrize("address", OPEN, ids=name)
def test_pages_of_the_installation_survive_garbage(address, client, as_ada):
    for visitor in (client, as_ada):
        for argument, kind in address.arguments or ((("", None)),):
            for value in GARBAGE[kind] if kind else ("",):
                path = address.path(**{argument: value} if argument else {})
                for method in ("get", "post"):
                    assert getattr(visitor, method)(path).status_code < 500, (method, path[:200])
