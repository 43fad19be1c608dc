"""Panels of the map: every kind of wait, questions with conditions as segments have them, and exits."""

from __future__ import annotations

import re
from datetime import date

import pytest

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, entering, flows, rehearsing
from plainsail.automations.tests.factories import ContactFactory, ListFactory, live, tag
from plainsail.contacts.models import CustomField, FieldValue
from plainsail.contacts.services import tags
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/"
TREE = {"match": "any", "depth-0": "0", "field-0": "email", "op-0": "contains", "value-0": "@example.com"}


@pytest.fixture
def birthday(juniper):
    with workspace(juniper):
        return CustomField.objects.create(key="birthday", label="Birthday", kind="date", position=1)


@pytest.fixture
def automation(juniper):
    with workspace(juniper):
        topic = ListFactory()
        flow = flows.build("contacts.list_joined", {"list": str(topic.id)}, [flows.wait(2), flows.end()])
        return editing.create(name="Course", flow=flow, at=clock.now())


def url(automation, name=""):
    return f"{HOME}{automation.id}/{name}"


def now(juniper, automation):
    with workspace(juniper):
        return Automation.objects.get(id=automation.id)


def wait_of(juniper, automation):
    return now(juniper, automation).draft["steps"][0]


def test_an_action_says_whom_it_skipped_and_why(as_ada, juniper):
    with workspace(juniper):
        guest = tag(juniper)
        flow = flows.build(
            "automations.signal", {"signal": "x"}, [flows.action("contacts.add_tag", {"tag": str(guest.id)})]
        )
        automation = live(flow, at=clock.now())
        people = [ContactFactory() for _number in range(3)]
        for person in people[:2]:
            tags.add(person, guest, at=clock.now())
        for person in people:
            entering.enter(automation, person, at=clock.now(), cause="told")
    run_jobs()
    step = now(juniper, automation).draft["steps"][0]["id"]
    page = as_ada.get(url(automation, f"?step={step}")).content.decode()
    assert "3 people · 2 skipped" in page
    assert re.search(r"Had it already\.</span><b>2</b>", page)


class TestWaiting:
    def test_until_a_day(self, as_ada, juniper, automation):
        wait = wait_of(juniper, automation)["id"]
        assert 'name="on"' in as_ada.get(url(automation, f"?step={wait}&mode=date")).content.decode()
        day = {"revision": 0, "mode": "date", "on": "2027-03-28", "time": "08:30"}
        assert as_ada.post(url(automation, f"steps/{wait}/"), day).status_code == 302
        kept = {"id": wait, "type": "wait", "mode": "date", "on": "2027-03-28", "time": "08:30"}
        assert wait_of(juniper, automation) == kept
        assert "28 March 2027, 08:30" in as_ada.get(url(automation)).content.decode()

    def test_until_a_day_of_their_own(self, as_ada, juniper, automation, birthday):
        wait = wait_of(juniper, automation)["id"]
        wanted = {"revision": 0, "mode": "field", "field": "birthday", "offset": -7, "time": "09:00", "yearly": "on"}
        as_ada.post(url(automation, f"steps/{wait}/"), wanted | {"days": ["5"], "opens": "10:00"})
        kept = {"mode": "field", "field": "birthday", "offset": -7, "time": "09:00", "yearly": True}
        assert wait_of(juniper, automation) == {"id": wait, "type": "wait", **kept, "days": [5], "from": "10:00"}
        page = as_ada.get(url(automation)).content.decode()
        assert "Wait until 7 days before “Birthday”" in page
        assert "Sat, from 10:00 on" in page

    @pytest.mark.parametrize(
        "bad",
        [
            {"mode": "date", "on": "", "time": "09:00"},
            {"mode": "field", "field": "gone", "offset": 0, "time": "09:00"},
            {"mode": "field", "field": "birthday", "offset": 500, "time": "09:00"},
            {"amount": 2, "unit": "days", "opens": "17:00", "closes": "09:00"},
        ],
    )
    def test_what_can_not_be_is_refused_at_its_field(self, as_ada, juniper, automation, birthday, bad):
        wait = wait_of(juniper, automation)["id"]
        answer = as_ada.post(url(automation, f"steps/{wait}/"), {"revision": 0} | bad)
        assert answer.status_code == 422
        assert now(juniper, automation).revision == 0

    def test_until_conditions_hold_with_a_limit_and_back_to_plain_time(self, as_ada, juniper, automation):
        wait = wait_of(juniper, automation)["id"]
        assert "At most" in as_ada.get(url(automation, f"?step={wait}&mode=until")).content.decode()
        asked = {"revision": 0, "mode": "until", "kind": "contacts.matches", "amount": 5, "unit": "days"} | TREE
        assert as_ada.post(url(automation, f"steps/{wait}/question/"), asked).status_code == 302
        leaf = {"field": "email", "op": "contains", "value": "@example.com"}
        kept = wait_of(juniper, automation)
        assert (kept["mode"], kept["config"], kept["amount"]) == ("until", {"tree": {"any": [leaf]}}, 5)
        as_ada.post(url(automation, f"steps/{wait}/"), {"revision": 1, "mode": "for", "amount": 1, "unit": "hours"})
        assert wait_of(juniper, automation) == {"id": wait, "type": "wait", "mode": "for", "amount": 1, "unit": "hours"}

    def test_a_wait_for_a_day_that_nobody_chose_keeps_it_from_going_live(self, juniper, automation, as_ada):
        as_ada.post(url(automation, "steps/"), {"revision": 0, "kind": "day", "index": 0})
        draft = now(juniper, automation).draft
        with workspace(juniper):
            assert flows.faults(draft, juniper) == {draft["steps"][0]["id"]: "Choose a day."}
        assert as_ada.get(url(automation, f"?step={draft['steps'][0]['id']}")).status_code == 200

    def test_a_field_that_is_gone_is_named(self, juniper, automation, birthday):
        flow = flows.build("contacts.contact_created", {}, [{"type": "wait", "mode": "field", "field": "birthday"}])
        with workspace(juniper):
            assert flows.faults(flow, juniper) == {}
            CustomField.objects.filter(id=birthday.id).update(archived_at=clock.now())
            assert list(flows.faults(flow, juniper).values()) == ["The date field is gone."]

    def test_a_test_run_waits_for_the_day_of_whom_it_tries(self, juniper, birthday):
        at = clock.now().replace(year=2027, month=1, day=10, hour=12)
        step = {"type": "wait", "mode": "field", "field": "birthday", "yearly": True, "time": "09:00"}
        flow = flows.build("contacts.contact_created", {}, [step])
        with workspace(juniper):
            born, unknown = ContactFactory(), ContactFactory()
            FieldValue.objects.create(contact=born, field=birthday, date=date(1988, 2, 29))
            (waited,) = rehearsing.rehearse(flow, born, at=at).steps
            assert waited.until is not None
            assert (waited.until.month, waited.until.day) == (2, 28)
            (passed,) = rehearsing.rehearse(flow, unknown, at=at).steps
            assert (passed.until, passed.note) == (None, "The field says nothing: there is nothing to wait for.")


class TestConditions:
    def test_one_more_is_shown_and_nothing_saved(self, as_ada, juniper, automation):
        drafted = {"revision": 0, "kind": "contacts.matches", "match": "all", "add": "root", "new-root": "email"}
        answer = as_ada.post(url(automation, "exits/0/"), drafted)
        assert answer.status_code == 200
        assert 'name="op-0"' in answer.content.decode()
        assert now(juniper, automation).revision == 0

    def test_none_at_all_is_refused(self, as_ada, juniper, automation):
        answer = as_ada.post(url(automation, "exits/0/"), {"revision": 0, "kind": "contacts.matches", "match": "all"})
        assert answer.status_code == 422
        assert "Add a condition." in answer.content.decode()

    def test_a_goal_asks_them(self, as_ada, juniper, automation):
        as_ada.post(url(automation, "steps/"), {"revision": 0, "kind": "goal", "index": 1})
        goal = now(juniper, automation).draft["steps"][1]["id"]
        asked = {"revision": 1, "kind": "contacts.matches", "name": "Bought", "otherwise": "wait"} | TREE
        assert as_ada.post(url(automation, f"steps/{goal}/question/"), asked).status_code == 302
        assert flows.find(now(juniper, automation).draft, goal)["condition"] == "contacts.matches"
        page = as_ada.get(url(automation, f"?step={goal}")).content.decode()
        assert 'value="@example.com"' in page


class TestExits:
    def test_one_is_added_changed_and_removed(self, as_ada, juniper, automation):
        with workspace(juniper):
            guest = str(tag(juniper).id)
        assert "Add an exit" in as_ada.get(url(automation)).content.decode()
        as_ada.post(url(automation, "exits/0/"), {"revision": 0, "kind": "contacts.has_tag", "tag": guest})
        assert now(juniper, automation).draft["exits"] == [flows.ask("contacts.has_tag", {"tag": guest})]
        assert "Has the tag “Guest”?" in as_ada.get(url(automation)).content.decode()
        as_ada.post(url(automation, "exits/0/"), {"revision": 1, "kind": "contacts.matches"} | TREE)
        assert [one["condition"] for one in now(juniper, automation).draft["exits"]] == ["contacts.matches"]
        as_ada.post(url(automation, "exits/0/removal/"), {"revision": 2})
        assert now(juniper, automation).draft["exits"] == []

    def test_a_place_that_is_not_there_is_refused(self, as_ada, juniper, automation):
        with workspace(juniper):
            guest = str(tag(juniper).id)
        as_ada.post(url(automation, "exits/3/"), {"revision": 0, "kind": "contacts.has_tag", "tag": guest})
        as_ada.post(url(automation, "exits/0/removal/"), {"revision": 0})
        assert now(juniper, automation).revision == 0


class TestItsOwnAddress:
    def shown(self, client, automation):
        """What the panel's form would send, and the address that it names."""
        page = client.get(url(automation, "?step=trigger")).content.decode()
        (hook,) = re.findall(r'<input type="hidden" name="hook" value="([^"]+)"', page)
        assert f"/inbound/automations/juniper/{hook}/" in page
        return hook

    def test_it_stays_when_something_else_of_what_starts_it_is_saved(self, as_ada, juniper, automation):
        asked = {"kind": "automations.hook", "email": "email", "policy": "once", "days": 30}
        as_ada.post(url(automation, "entry/"), asked | {"revision": 0})
        hook = self.shown(as_ada, automation)
        as_ada.post(url(automation, "entry/"), asked | {"revision": 1, "email": "customer.email", "hook": hook})
        assert now(juniper, automation).draft["trigger"]["config"]["email"] == "customer.email"
        assert self.shown(as_ada, automation) == hook


@pytest.mark.parametrize(("kind", "policy"), [("contacts.their_day", "every"), ("contacts.tag_added", "once")])
def test_what_comes_again_by_itself_is_offered_for_every_time(as_ada, automation, kind, policy):
    page = as_ada.get(url(automation, f"?step=trigger&kind={kind}")).content.decode()
    (chosen,) = re.findall(r'name="policy" value="(\w+)"[^>]*checked', page)
    assert chosen == policy
    assert 'value="once"' in as_ada.get(url(automation, "?step=trigger")).content.decode()
