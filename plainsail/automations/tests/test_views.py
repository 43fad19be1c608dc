"""The flow on screen: drawn, changed, published, and safe from whoever has no business there."""

from __future__ import annotations

import re

import pytest

from plainsail.automations.models import Automation, Run
from plainsail.automations.services import editing, flows
from plainsail.automations.tests.factories import ContactFactory, ListFactory, joins, live, tag
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def topic(juniper):
    with workspace(juniper):
        return ListFactory()


@pytest.fixture
def automation(juniper, topic):
    with workspace(juniper):
        guest = tag(juniper)
        asks = flows.condition(
            "contacts.has_tag", {"tag": str(guest.id)}, yes=[flows.action("contacts.add_tag", {"tag": str(guest.id)})]
        )
        flow = flows.build("contacts.list_joined", {"list": str(topic.id)}, [flows.wait(2), asks])
        return live(flow)


def url(automation, name=""):
    return f"{HOME}{automation.id}/{name}"


def now(juniper, automation):
    with workspace(juniper):
        return Automation.objects.get(id=automation.id)


def steps(automation):
    return [step["id"] for step in flows.walk(automation.draft["steps"])]


def test_an_empty_list_says_what_to_do(as_ada):
    assert "Make the first one" in as_ada.get(HOME).content.decode()


def test_the_list_counts_who_is_where(as_ada, juniper, automation, topic):
    with workspace(juniper):
        joins(topic)
    run_jobs()
    page = as_ada.get(HOME).content.decode()
    assert "Joins “Free lesson”" in page
    assert re.search(r'data-label="Under way"[^>]*>1<', page)


def test_a_new_one_starts_from_something(as_ada, juniper):
    made = as_ada.post(f"{HOME}new/", {"starter": "empty"})
    assert made.status_code == 302
    page = as_ada.get(made.url).content.decode()
    assert "Choose what starts it" in page
    assert as_ada.post(f"{HOME}new/", {"starter": "a-spaceship"}).status_code == 422


def test_the_flow_reads_as_sentences_in_order(as_ada, automation):
    page = as_ada.get(url(automation)).content.decode()
    sentences = re.findall(r'<span class="node-words"><strong>(.*?)</strong>', page)
    assert sentences == ["Joins “Free lesson”", "Wait 2 days", "Has the tag “Guest”?", "Add tag “Guest”"]
    assert page.count('class="plus"') == 6


def test_htmx_gets_the_flow_without_the_frame(as_ada, automation):
    part = as_ada.get(url(automation), headers=HTMX).content.decode()
    assert part.startswith('<div class="flow-screen"')
    assert "<html" not in part


class TestChanging:
    def insert(self, client, automation, kind, *, index=0, parent="", branch="", revision=0, **more):
        data = {"kind": kind, "index": index, "parent": parent, "branch": branch, "revision": revision}
        return client.post(url(automation, "steps/"), data, **more)

    def test_a_step_is_put_in_and_its_panel_opens(self, as_ada, juniper, automation):
        answer = self.insert(as_ada, automation, "wait", index=1)
        step_id = steps(now(juniper, automation))[1]
        assert answer.url == url(automation, f"?step={step_id}")
        assert 'name="amount"' in as_ada.get(answer.url).content.decode()

    def test_htmx_gets_the_new_flow_at_once_with_its_address(self, as_ada, juniper, automation):
        answer = self.insert(as_ada, automation, "wait", index=1, headers=HTMX)
        assert answer.status_code == 200
        assert answer["HX-Push-Url"] == url(automation, f"?step={steps(now(juniper, automation))[1]}")

    def test_a_step_goes_under_no(self, as_ada, juniper, automation):
        asks = steps(automation)[1]
        self.insert(as_ada, automation, "action:contacts.remove_tag", parent=asks, branch="no")
        assert len(flows.find(now(juniper, automation).draft, asks)["no"]) == 1

    def test_every_place_offers_what_can_be_put_in(self, as_ada, automation):
        page = as_ada.get(url(automation), {"at": "..1"}).content.decode()
        assert "Add a tag" in page
        assert "Wait a while" in page

    @pytest.mark.parametrize("at", ["", "..", "..99", "x.yes.0", "..-1", "a.b.c.d", "..1e9"])
    def test_a_place_that_is_none_shows_the_overview(self, as_ada, automation, at):
        assert "People" in as_ada.get(url(automation), {"at": at}).content.decode()

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"kind": "wait", "revision": 0},
            {"kind": "nonsense", "index": 0, "revision": 0},
            {"kind": "action:gone", "index": 0, "revision": 0},
            {"kind": "wait:x", "index": 0, "revision": 0},
            {"kind": "wait", "index": 99, "revision": 0},
            {"kind": "paste", "index": 0, "revision": 0},
            {"kind": "wait", "index": 3, "revision": 0},
            {"kind": "wait", "index": 0, "parent": "gone", "branch": "yes", "revision": 0},
            {"kind": "wait", "index": 0, "branch": "maybe", "revision": 0},
            {"kind": "wait", "index": -1, "revision": 0},
            {"kind": "wait", "index": 0, "revision": 7},
            {"kind": "wait", "index": 0, "revision": "x"},
        ],
    )
    def test_nonsense_changes_nothing(self, as_ada, juniper, automation, data):
        assert as_ada.post(url(automation, "steps/"), data).status_code == 302
        assert now(juniper, automation).revision == 0

    def test_settings_are_saved_or_refused_at_their_field(self, as_ada, juniper, automation):
        wait = steps(automation)[0]
        good = {"revision": 0, "amount": 3, "unit": "hours", "days": ["0", "4"], "opens": "09:00", "closes": "17:00"}
        assert as_ada.post(url(automation, f"steps/{wait}/"), good).status_code == 302
        saved = flows.find(now(juniper, automation).draft, wait)
        assert (saved["amount"], saved["unit"], saved["days"], saved["from"]) == (3, "hours", [0, 4], "09:00")
        for bad in (
            {"amount": 0},
            {"amount": "x"},
            {"unit": "years"},
            {"opens": ""},
            {"closes": "08:00"},
            {"amount": 9999},
        ):
            answer = as_ada.post(url(automation, f"steps/{wait}/"), good | {"revision": 1} | bad)
            assert answer.status_code == 422
            assert "field-error" in answer.content.decode()
        assert now(juniper, automation).revision == 1

    def test_another_businesss_tag_can_not_be_chosen(self, as_ada, juniper, acme, automation):
        with workspace(acme):
            theirs = tag(acme, "Theirs")
        action = steps(automation)[2]
        answer = as_ada.post(url(automation, f"steps/{action}/"), {"revision": 0, "tag": theirs.id, "new_tag": ""})
        assert answer.status_code == 422

    def test_a_new_tag_is_made_by_its_name(self, as_ada, juniper, automation):
        action = steps(automation)[2]
        as_ada.post(url(automation, f"steps/{action}/"), {"revision": 0, "tag": "", "new_tag": "Regular"})
        assert "Add tag “Regular”" in as_ada.get(url(automation)).content.decode()

    def test_what_starts_it_is_chosen_with_its_rule(self, as_ada, juniper, automation):
        panel = as_ada.get(url(automation), {"step": "trigger", "kind": "contacts.tag_added"}).content.decode()
        assert 'name="new_tag"' in panel
        data = {"revision": 0, "kind": "contacts.tag_added", "new_tag": "VIP", "policy": "again", "days": 14}
        as_ada.post(url(automation, "entry/"), data)
        draft = now(juniper, automation).draft
        assert (draft["trigger"]["kind"], draft["entry"]) == ("contacts.tag_added", {"policy": "again", "days": 14})
        for bad in ({"kind": "gone"}, {"policy": "never"}, {"days": 0}, {"new_tag": ""}, {"revision": ""}):
            assert as_ada.post(url(automation, "entry/"), data | {"revision": 1} | bad).status_code == 422

    def test_steps_are_moved_removed_and_brought_back(self, as_ada, juniper, automation):
        self.insert(as_ada, automation, "end", parent=steps(automation)[1], branch="no")
        first = steps(automation)[0]
        as_ada.post(url(automation, f"steps/{first}/order/"), {"revision": 1, "by": "-1"})
        assert now(juniper, automation).revision == 1
        as_ada.post(url(automation, f"steps/{first}/removal/"), {"revision": 1})
        assert first not in steps(now(juniper, automation))
        as_ada.post(url(automation, "undo/"), {"revision": 2})
        assert first in steps(now(juniper, automation))

    def test_somebody_elses_change_is_told_and_not_overwritten(self, as_ada, juniper, automation):
        self.insert(as_ada, automation, "wait")
        answer = self.insert(as_ada, automation, "wait", headers=HTMX)
        assert "changed somewhere else" in answer.content.decode()
        assert now(juniper, automation).revision == 1


class TestGoingLive:
    def test_what_is_unfinished_says_so_and_stays_a_draft(self, as_ada, juniper):
        made = as_ada.post(f"{HOME}new/", {"starter": "empty"})
        answer = as_ada.post(f"{made.url}publication/", follow=True)
        assert "Choose what starts it." in answer.content.decode()
        with workspace(juniper):
            assert Automation.objects.get().is_draft

    def test_it_asks_what_becomes_of_those_under_way(self, as_ada, juniper, automation, topic):
        with workspace(juniper):
            joins(topic)
        run_jobs()
        with workspace(juniper):
            editing.insert(automation, flows.Place(0), flows.wait(1), revision=0, at=clock.now())
        assert "1 person is under way" in as_ada.get(url(automation)).content.decode()
        as_ada.post(url(automation, "publication/"), {"waiting": "move"})
        with workspace(juniper):
            assert Run.objects.get().version.number == 2

    def test_pausing_and_going_on(self, as_ada, juniper, automation):
        as_ada.post(url(automation, "pause/"))
        assert now(juniper, automation).state == "paused"
        as_ada.post(url(automation, "resumption/"))
        assert now(juniper, automation).state == "live"

    def test_it_is_renamed_and_deleted(self, as_ada, juniper, automation):
        as_ada.post(url(automation, "name/"), {"name": "Hello"})
        assert now(juniper, automation).name == "Hello"
        as_ada.post(url(automation, "name/"), {"name": ""})
        assert now(juniper, automation).name == "Hello"
        assert as_ada.post(url(automation, "deletion/")).url == HOME
        assert as_ada.get(url(automation)).status_code == 404


def test_people_who_are_held_up_can_be_helped(as_ada, juniper, automation):
    with workspace(juniper):
        first = steps(automation)[0]
        for state in range(3):
            Run.objects.create(
                automation=automation,
                version=automation.version,
                contact=ContactFactory(),
                entry=str(state),
                state=Run.State.PARKED,
                step=first,
                error="the potter is out",
                due_at=clock.now(),
                entered_at=clock.now(),
            )
        runs = list(Run.objects.order_by("id"))
    assert "the potter is out" in as_ada.get(url(automation)).content.decode()
    for run, verb in zip(runs, ("retry", "skip", "leaving"), strict=True):
        assert as_ada.post(url(automation, f"people/{run.id}/{verb}/")).status_code == 302
    with workspace(juniper):
        assert list(Run.objects.order_by("id").values_list("state", flat=True)) == ["waiting", "waiting", "stopped"]


@pytest.mark.parametrize("name", ["", "?step=trigger", "?at=..0"])
def test_a_stranger_finds_nothing(as_cleo, automation, name):
    assert as_cleo.get(url(automation, name)).status_code == 404
    assert as_cleo.get(f"/w/acme/automations/{automation.id}/{name}").status_code == 404


def test_a_stranger_changes_nothing(as_cleo, juniper, automation):
    for name in ("steps/", "entry/", "undo/", "publication/", "pause/", "deletion/", "name/"):
        assert as_cleo.post(f"/w/acme/automations/{automation.id}/{name}", {}).status_code == 404
    assert now(juniper, automation).revision == 0


def test_a_viewer_looks_but_changes_nothing(as_ben, ben, juniper, automation):
    from plainsail.accounts.models import Membership, Role

    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    page = as_ben.get(url(automation)).content.decode()
    assert 'class="plus"' not in page
    assert ('commandfor="rename"' in page.split("<dialog")[0], 'id="undo"' in page) == (False, False)
    for name in ("steps/", "entry/", "undo/", "publication/", "pause/", "deletion/"):
        assert as_ben.post(url(automation, name), {}).status_code == 403
