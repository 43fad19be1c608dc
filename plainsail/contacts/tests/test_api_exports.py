"""Archives and segments by API: asked for, waited for, fetched without a key."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.tests.factories import program
from plainsail.contacts.services import exporting
from plainsail.contacts.tests.factories import ContactFactory, ListMemberFactory, SegmentFactory, TagFactory
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def shop(juniper, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "path_of", lambda export: tmp_path / f"{export.id.hex}.zip")
    return program(juniper, "contacts:write")


@pytest.fixture
def high(juniper):
    """A segment of those with a score of 50, and somebody in it."""
    with workspace(juniper):
        ContactFactory(email="low@example.com")
        ContactFactory(email="high@example.com", score=80)
        return SegmentFactory(name="High", tree={"field": "score", "op": "at_least", "value": "50"})


def exported(shop, juniper, **asked):
    made = shop.ask("post", "contacts/exports", asked)
    assert made.status_code == 202
    exporting.make.function(workspace_id=juniper.pk, export_id=made.json()["id"])
    return shop.ask("get", f"contacts/exports/{made.json()['id']}").json()


def test_an_archive_of_a_segment_is_made_and_fetched_without_the_key(shop, juniper, high, client):
    waiting = shop.ask("post", "contacts/exports", {"segment": str(high.id)}).json()
    assert (waiting["state"], waiting["contacts"], waiting["url"]) == ("waiting", 1, None)
    ready = exported(shop, juniper, segment=str(high.id))
    assert (ready["state"], ready["contacts"], ready["done"]) == ("ready", 1, 1)
    answer = client.get("/" + ready["url"].split("/", 3)[3], headers={"Host": "localhost"})
    archive = ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert [json.loads(line)["email"] for line in archive.open("contacts.jsonl")] == ["high@example.com"]


def test_without_a_word_everybody_is_in_it_and_a_list_or_a_tag_narrows_it(shop, juniper, high):
    with workspace(juniper):
        member, tag = ListMemberFactory(), TagFactory()
    assert exported(shop, juniper)["done"] == 3
    assert exported(shop, juniper, list=str(member.list_id))["done"] == 1
    assert exported(shop, juniper, tag=str(tag.id))["done"] == 0


@pytest.mark.parametrize("asked", [{"segment": NOBODY}, {"list": NOBODY}, {"tag": NOBODY}])
def test_what_is_not_there_is_not_found_and_never_means_everybody(shop, asked):
    assert shop.ask("post", "contacts/exports", asked).status_code == 404


def test_a_key_of_somebody_who_may_not_export_is_refused(shop, juniper):
    Membership.objects.filter(workspace=juniper).update(role=Role.EDITOR)
    assert shop.ask("post", "contacts/exports", {}).status_code == 403


def test_segments_are_listed_and_read(shop, high):
    (told,) = shop.ask("get", "segments").json()["data"]
    assert (told["id"], told["name"]) == (str(high.id), "High")
    people = shop.ask("get", f"contacts?segment={high.id}").json()["data"]
    assert [one["email"] for one in people] == ["high@example.com"]
    assert shop.ask("get", f"contacts?segment={NOBODY}").status_code == 404
