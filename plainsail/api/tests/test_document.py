"""The OpenAPI document, the page made from it, and the examples of the guide."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from plainsail.accounts.tests.factories import program
from plainsail.api.views import document, mounting
from plainsail.commerce.tests.factories import NOON
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, SegmentFactory
from plainsail.kernel import clock, rest
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.tests.factories import subscribed

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "user" / "api.md"


def operations():
    return [
        (path, method, said)
        for path, methods in document.complete()["paths"].items()
        for method, said in methods.items()
    ]


def test_the_document_is_openapi_3_1():
    made = document.complete()
    assert made["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(made).validate()


def test_every_endpoint_says_its_scope_what_it_refuses_and_what_it_does():
    found = operations()
    assert len(found) > 20
    assert len({said["operationId"] for _path, _method, said in found}) == len(found)
    for path, method, said in found:
        assert said["security"] == [{"key": [mounting.endpoints()[path][method.upper()].scope]}]
        assert {"400", "401", "403", "404", "409", "413", "415", "422", "429"} <= set(said["responses"])
        assert said["description"]
        assert said["tags"]


def test_no_two_areas_describe_different_things_by_one_name():
    made = [cls for base in (rest.Input, rest.Output) for cls in descendants(base) if "[" not in cls.__name__]
    assert len(made) > 20
    assert len({cls.__name__ for cls in made}) == len(made)


def descendants(base):
    for cls in base.__subclasses__():
        yield cls
        yield from descendants(cls)


@pytest.mark.django_db
def test_anybody_may_read_the_document_and_its_page(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["paths"].keys() == document.complete()["paths"].keys()
    words = client.get("/api/v1/docs").content.decode()
    for path, _method, said in operations():
        assert path in words
        assert said["summary"] in words
    assert "<script" not in re.sub(r"<script[^>]* src=", "", words)
    assert client.post("/api/v1/docs").status_code == 405


def examples():
    """Every `curl` of the guide, its lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("curl ")]


def asked(program, command: str, names: dict[str, str]):
    """The answer to what a curl command would send."""
    for name, value in names.items():
        command = command.replace(f"${name}", value)
    parts, method, headers, body, address = iter(shlex.split(command)[1:]), "", {}, None, ""
    for part in parts:
        if part in {"-X", "-H", "--json", "-d"}:
            value = next(parts)
            if part == "-X":
                method = value
            elif part == "-H":
                name, _colon, said = value.partition(":")
                headers[name.strip()] = said.strip()
            else:
                body = value
                headers |= {"Content-Type": "application/json"} if part == "--json" else {}
        elif not part.startswith("-"):
            address = part
    assert headers.pop("Authorization") == f"Bearer {program.secret}", command
    kind = headers.pop("Content-Type", "text/plain")
    method = method or ("GET" if body is None else "POST")
    return program.generic(
        method, address.removeprefix("http://localhost:8000"), body or "", content_type=kind, headers=headers
    )


@pytest.mark.django_db
def test_the_examples_of_the_guide_work(juniper):
    with clock.fixed(NOON):
        contract, shop = subscribed(juniper), program(juniper)
        with workspace(juniper):
            maren = ContactFactory(email="maren.example@example.com")
            news, unused = ListFactory(slug="news"), ListFactory(slug="unused")
            segment = SegmentFactory()
        names = {
            "PLAINSAIL_KEY": shop.secret,
            "PLAINSAIL": "http://localhost:8000",
            "CONTACT": str(maren.id),
            "LIST": str(news.id),
            "EMPTY_LIST": str(unused.id),
            "SEGMENT": str(segment.id),
            "EXPORT": shop.ask("post", "contacts/exports", {}).json()["id"],
            "CONTRACT": str(contract.id),
            "INVOICE": shop.ask("get", "invoices").json()["data"][0]["id"],
            "RANDOM": str(new_id()),
            "MESSAGE": shop.ask(
                "post", "messages", {"to": "maren.example@example.com", "subject": "Your ticket", "text": "See you."}
            ).json()["id"],
            "ETAG": shop.ask("get", f"contacts/{maren.id}")["ETag"].replace('"', '\\"'),
        }
        commands = examples()
        answers = [(command, asked(shop, command, names)) for command in commands]
    assert [(command, answer.content) for command, answer in answers if answer.status_code >= 400] == []
    assert len(answers) > 10


def test_the_guide_names_every_code_of_a_refusal_that_it_promises():
    words = GUIDE.read_text()
    for code in ("not_a_key", "out_of_reach", "invalid", "idempotency_key_reused", "precondition_failed", "left_list"):
        assert f"`{code}`" in words


def test_the_document_can_be_written_as_json():
    json.dumps(document.complete())
