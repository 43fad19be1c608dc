"""Steps that ask or part ways are put in and set on screen; what they do when somebody comes is the engine's."""

from __future__ import annotations

import pytest

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows, ways
from plainsail.automations.tests.factories import ListFactory, tag
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/"


@pytest.fixture
def automation(juniper):
    with workspace(juniper):
        return editing.create(name="Ways", flow=flows.build("contacts.contact_created", {}, []), at=clock.now())


def url(automation, name=""):
    return f"{HOME}{automation.id}/{name}"


def draft(juniper, automation):
    with workspace(juniper):
        return Automation.objects.get(id=automation.id)


def put_in(as_ada, juniper, automation, kind):
    as_ada.post(url(automation, "steps/"), {"kind": kind, "index": 0, "revision": draft(juniper, automation).revision})
    return draft(juniper, automation).draft["steps"][0]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("split", "Chance decides once"),
        ("paths", "takes the first way"),
        ("goal", "What is asked"),
        ("until", "At most"),
    ],
)
def test_each_is_put_in_and_opens_its_panel(as_ada, juniper, automation, kind, words):
    step = put_in(as_ada, juniper, automation, kind)
    page = as_ada.get(url(automation), {"step": step["id"]}).content.decode()
    assert words in page
    assert page.count("flow-branch ") + page.count('"flow-branch') >= len(flows.branches(step))


def test_shares_are_saved_when_they_make_a_hundred(as_ada, juniper, automation):
    step = put_in(as_ada, juniper, automation, "split")
    address = url(automation, f"steps/{step['id']}/shares/")
    assert as_ada.post(address, {"revision": 1, "share-a": 70, "share-b": 40}).status_code == 422
    assert as_ada.post(address, {"revision": 1, "share-a": 70, "share-b": 30}).status_code == 302
    assert [way["share"] for way in draft(juniper, automation).draft["steps"][0]["ways"]] == [70, 30]


def test_ways_are_added_up_to_five_and_a_share_of_nothing_takes_one_away(as_ada, juniper, automation):
    step = put_in(as_ada, juniper, automation, "split")
    address = url(automation, f"steps/{step['id']}/shares/")
    for revision in range(1, 7):
        as_ada.post(address, {"revision": min(revision, 4), "more": "1"})
    found = draft(juniper, automation).draft["steps"][0]["ways"]
    assert [way["share"] for way in found] == [20, 20, 20, 20, 20]
    as_ada.post(address, {"revision": 4, "share-a": 0, "share-b": 40, "share-c": 20, "share-d": 20, "share-e": 20})
    assert [way["id"] for way in draft(juniper, automation).draft["steps"][0]["ways"]] == ["b", "c", "d", "e"]


def test_a_goal_gets_its_question_its_name_and_what_else(as_ada, juniper, automation):
    with workspace(juniper):
        guest = tag(juniper)
    step = put_in(as_ada, juniper, automation, "goal")
    data = {"revision": 1, "kind": "contacts.has_tag", "tag": str(guest.id), "name": "Is a guest", "otherwise": "wait"}
    address = url(automation, f"steps/{step['id']}/question/")
    assert as_ada.post(address, data | {"otherwise": "dance"}).status_code == 422
    assert as_ada.post(address, data | {"tag": ""}).status_code == 422
    as_ada.post(address, data)
    saved = draft(juniper, automation).draft["steps"][0]
    assert (saved["config"], saved["name"], saved["otherwise"]) == ({"tag": str(guest.id)}, "Is a guest", "wait")
    assert "Goal: Is a guest" in as_ada.get(url(automation)).content.decode()


def test_another_kind_of_question_shows_its_own_settings(as_ada, juniper, automation):
    step = put_in(as_ada, juniper, automation, "until")
    page = as_ada.get(url(automation), {"step": step["id"], "kind": "contacts.on_list"}).content.decode()
    assert 'name="list"' in page
    with workspace(juniper):
        topic = ListFactory()
    data = {"revision": 1, "kind": "contacts.on_list", "list": str(topic.id), "amount": 5, "unit": "days"}
    as_ada.post(url(automation, f"steps/{step['id']}/question/"), data)
    saved = draft(juniper, automation).draft["steps"][0]
    assert (saved["condition"], saved["amount"], saved["mode"]) == ("contacts.on_list", 5, "until")


def test_a_way_by_questions_is_asked_on_its_own_and_the_last_one_asks_nothing(as_ada, juniper, automation):
    with workspace(juniper):
        guest = tag(juniper)
    step = put_in(as_ada, juniper, automation, "paths")
    address = url(automation, f"steps/{step['id']}/question/")
    page = as_ada.get(url(automation), {"step": step["id"], "way": "w2"}).content.decode()
    assert 'name="way" value="w2"' in page
    data = {"revision": 1, "kind": "contacts.has_tag", "tag": str(guest.id), "way": "w2"}
    as_ada.post(address, data)
    as_ada.post(address, data | {"revision": 2, "way": "else"})
    found = draft(juniper, automation)
    assert [way.get("config") for way in found.draft["steps"][0]["ways"]] == [{}, {"tag": str(guest.id)}, None]
    assert found.revision == 2


def test_a_way_more_by_questions_comes_before_everybody_elses():
    flow = flows.build("t", {}, [flows.paths((flows.ask("contacts.has_tag"), []))])
    changed = ways.one_more(flow["steps"][0]["id"])(flow)
    assert [way["id"] for way in changed["steps"][0]["ways"]] == ["w1", "w2", flows.ELSE]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"revision": 1},
        {"revision": 1, "kind": "spaceship"},
        {"revision": 9, "kind": "contacts.has_tag", "new_tag": "x"},
    ],
)
def test_nonsense_changes_nothing(as_ada, juniper, automation, data):
    step = put_in(as_ada, juniper, automation, "paths")
    as_ada.post(url(automation, f"steps/{step['id']}/question/"), data)
    as_ada.post(url(automation, f"steps/{step['id']}/shares/"), data)
    as_ada.post(url(automation, "steps/gone/question/"), data)
    assert draft(juniper, automation).revision == 1
