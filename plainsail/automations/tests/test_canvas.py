"""The screen of a flow beyond its boxes: copying, undoing, numbers, people, versions, and a test run that changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.automations.models import Automation, Run, StepLog
from plainsail.automations.services import editing, flows, publishing, rehearsing, steering, versions
from plainsail.automations.services.flows import Place
from plainsail.automations.tests.factories import ContactFactory, ListFactory, joins, live, tag
from plainsail.automations.views import drawing
from plainsail.contacts.services import tags
from plainsail.kernel import clock
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/"


@pytest.fixture
def guest(juniper):
    with workspace(juniper):
        return tag(juniper)


@pytest.fixture
def topic(juniper):
    with workspace(juniper):
        return ListFactory()


def adds(wanted):
    return flows.action("contacts.add_tag", {"tag": str(wanted.id)})


@pytest.fixture
def automation(juniper, topic, guest):
    """Waits, asks for a tag, and meets again before a last wait."""
    with workspace(juniper):
        asks = flows.condition("contacts.has_tag", {"tag": str(guest.id)}, yes=[flows.wait(1)], no=[adds(guest)])
        steps = [flows.wait(2), asks, flows.wait(3)]
        return live(flows.build("contacts.list_joined", {"list": str(topic.id)}, steps))


def url(automation, name=""):
    return f"{HOME}{automation.id}/{name}"


def now(juniper, automation):
    with workspace(juniper):
        return Automation.objects.get(id=automation.id)


def ids(automation):
    return [step["id"] for step in flows.walk(automation.draft["steps"])]


class TestRowsAndLines:
    def draw(self, *steps):
        flow = flows.build("contacts.contact_created", {}, steps)
        return drawing.draw(flow["steps"], drawing.Drawing(drawing.StepCounts(), {}, ""))

    def test_ways_meet_again_and_the_row_goes_on_below(self):
        row = self.draw(flows.condition("x", yes=[flows.wait(1)]), flows.wait(2))
        yes, no = row.nodes[0].branches
        assert (yes.left, yes.right, no.left, no.right) == (False, True, True, False)
        assert row.nodes[1].before == Place(1)

    def test_a_way_that_ends_has_no_line_to_where_the_others_meet(self):
        row = self.draw(flows.condition("x", yes=[flows.end()], no=[flows.wait(1)]))
        yes, no = row.nodes[0].branches
        assert (yes.ends, yes.left, yes.right, no.left, no.right) == (True, False, False, True, False)
        assert row.end == Place(1)

    def test_behind_ways_that_all_end_there_is_no_place(self):
        row = self.draw(flows.condition("x", yes=[flows.end()], no=[flows.end()]))
        assert row.end is None
        assert not row.nodes[0].meets

    def test_of_three_ways_the_middle_one_has_lines_to_both_sides(self):
        row = self.draw(flows.split((50, []), (30, [flows.wait(1)]), (20, [])))
        assert [(way.left, way.right) for way in row.nodes[0].branches] == [(False, True), (True, True), (True, False)]
        assert [way.label for way in row.nodes[0].branches] == ["A · 50 %", "B · 30 %", "C · 20 %"]


class TestBackAndForth:
    def test_what_was_undone_comes_back_until_something_else_is_changed(self, as_ada, juniper, automation):
        first = ids(automation)[0]
        as_ada.post(url(automation, f"steps/{first}/removal/"), {"revision": 0})
        as_ada.post(url(automation, "undo/"), {"revision": 1})
        assert now(juniper, automation).can_redo
        as_ada.post(url(automation, "redo/"), {"revision": 2})
        assert first not in ids(now(juniper, automation))
        assert not now(juniper, automation).can_redo
        as_ada.post(url(automation, "undo/"), {"revision": 3})
        as_ada.post(url(automation, "steps/"), {"kind": "wait", "index": 0, "revision": 4})
        assert not now(juniper, automation).can_redo

    def test_nothing_to_bring_back_is_said(self, as_ada, automation):
        page = as_ada.post(url(automation, "redo/"), {"revision": 0}, follow=True).content.decode()
        assert "There is nothing to bring back." in page


class TestCopying:
    def test_a_step_is_pasted_with_all_below_it_under_new_ids(self, as_ada, juniper, automation):
        _wait, asks, *_rest = ids(automation)
        as_ada.post(url(automation, f"steps/{asks}/copy/"))
        assert "Has the tag" in as_ada.get(url(automation), {"at": "..3"}).content.decode()
        as_ada.post(url(automation, "steps/"), {"kind": "paste", "index": 3, "revision": 0})
        found = ids(now(juniper, automation))
        assert len(found) == len(set(found)) == 8

    def test_pasting_without_having_copied_is_refused(self, as_ada, juniper, automation):
        page = as_ada.post(url(automation, "steps/"), {"kind": "paste", "index": 0, "revision": 0}, follow=True)
        assert "Copy a step first." in page.content.decode()


def test_the_numbers_alone_are_told_to_a_screen_that_stays_open(as_ada, juniper, automation, topic):
    with workspace(juniper):
        joins(topic)
        joins(topic)
    run_jobs()
    steps = as_ada.get(url(automation, "counts/")).json()["steps"]
    assert steps[ids(automation)[0]] == {"text": "2 people", "here": 2, "parked": 0, "share": "100\N{NO-BREAK SPACE}%"}
    assert steps[ids(automation)[1]]["share"] == "0\N{NO-BREAK SPACE}%"


class TestPeople:
    @pytest.fixture
    def run(self, juniper, automation, topic):
        with workspace(juniper):
            joins(topic)
        run_jobs()
        with workspace(juniper):
            return Run.objects.get()

    def test_those_at_a_step_are_listed_with_a_way_to_their_contact(self, as_ada, automation, run):
        page = as_ada.get(url(automation, "people/"), {"step": run.step}).content.decode()
        assert f"/w/juniper/contacts/{run.contact_id}/" in page
        assert "Wait 2 days" in page
        assert "Nobody is here" in as_ada.get(url(automation, "people/"), {"state": "done"}).content.decode()

    def test_somebody_who_waits_is_moved_on_at_once(self, as_ada, juniper, automation, run, guest):
        answer = as_ada.post(url(automation, f"people/{run.id}/moving/?list=1&step={run.step}&state="))
        assert answer.url == url(automation, f"people/?step={run.step}")
        run_jobs()
        with workspace(juniper):
            moved = Run.objects.get()
            assert flows.find(automation.draft, moved.step)["amount"] == 3
            assert run.contact.contact_tags.get().tag == guest

    def test_a_step_that_is_left_out_is_in_the_log(self, juniper, automation, run):
        with workspace(juniper):
            Run.objects.update(is_in_wait=False, state=Run.State.PARKED, step=ids(automation)[3], error="it broke")
            assert steering.move_on(run, at=clock.now())
            moved = Run.objects.get()
            assert (moved.step, moved.state, moved.error) == (ids(automation)[4], Run.State.WAITING, "")
            assert StepLog.objects.get(step=ids(automation)[3]).outcome == "skipped"

    def test_a_step_left_out_after_two_moves_to_other_versions_is_logged_in_its_own_round(
        self, juniper, automation, run
    ):
        step = ids(automation)[3]
        with workspace(juniper):
            at = clock.now()
            StepLog.objects.create(run=run, automation=automation, step=step, visit=2, outcome="done", at=at)
            Run.objects.update(is_in_wait=False, state=Run.State.PARKED, step=step, round=3)
            assert steering.move_on(run, at=at)
            assert dict(StepLog.objects.filter(step=step).values_list("visit", "outcome")) == {2: "done", 3: "skipped"}

    def test_whoever_is_through_is_moved_nowhere(self, juniper, run):
        with workspace(juniper):
            Run.objects.update(ended_at=clock.now())
            assert not steering.move_on(run, at=clock.now())


class TestVersions:
    def test_what_is_different_is_said_step_by_step(self, juniper, automation):
        first, asks, *_more, last = ids(automation)
        flow, new = flows.insert(automation.draft, Place(0), flows.wait(9))
        flow = flows.change(flows.remove(flow, first), last, {"amount": 4})
        said = versions.compare(automation.draft, flow)
        found = {each.kind: (each.after or each.before)["id"] for each in said}
        assert found == {"added": new, "changed": last, "removed": first}
        assert asks not in found.values()

    def test_a_step_that_stands_elsewhere_is_moved(self):
        flow = flows.build("contacts.contact_created", {}, [flows.wait(1), flows.wait(2)])
        moved = flows.move(flow, flow["steps"][0]["id"], 1)
        assert {each.kind for each in versions.compare(flow, moved)} == {"moved"}

    def test_an_earlier_one_is_drawn_again_and_can_be_undone(self, as_ada, juniper, automation):
        with workspace(juniper):
            editing.remove(automation, ids(automation)[0], revision=0, at=clock.now())
        page = as_ada.get(url(automation, "versions/1/")).content.decode()
        assert "Removed" in page
        as_ada.post(url(automation, "versions/1/restoration/"))
        assert ids(now(juniper, automation)) == ids(automation)
        assert now(juniper, automation).can_undo

    def test_each_publishing_is_listed_with_its_people(self, as_ada, juniper, automation, topic):
        with workspace(juniper):
            joins(topic)
        run_jobs()
        page = as_ada.get(url(automation, "versions/")).content.decode()
        assert "Version 1" in page
        assert 'data-label="Under way" class="end">1<' in page
        assert as_ada.get(url(automation, "versions/7/")).status_code == 404


def test_publishing_says_how_many_would_be_moved_and_how_many_stay(as_ada, juniper, automation, topic):
    with workspace(juniper):
        joins(topic)
    run_jobs()
    with workspace(juniper):
        editing.remove(automation, ids(automation)[0], revision=0, at=clock.now())
    page = as_ada.get(url(automation)).content.decode()
    assert "1 person stands at a step that is gone and finishes the old one." in page


class TestRehearsal:
    def test_every_step_is_shown_with_its_time_and_the_way_that_is_taken(self, juniper, automation, guest):
        with workspace(juniper):
            maren, at = ContactFactory(timezone="UTC"), clock.now()
            foreseen = rehearsing.rehearse(automation.draft, maren, at=at)
            assert [each.outcome for each in foreseen.steps] == ["waiting", "no", "done", "waiting"]
            assert foreseen.steps[1].at == at + timedelta(days=2)
            assert foreseen.ends_at == at + timedelta(days=5)
            tags.add(maren, guest, at=at)
            foreseen = rehearsing.rehearse(automation.draft, maren, at=at)
            assert [each.outcome for each in foreseen.steps] == ["waiting", "yes", "waiting", "waiting"]

    def test_a_question_sees_what_earlier_steps_did_and_nothing_of_it_stays(self, juniper, guest):
        with workspace(juniper):
            asks = flows.condition("contacts.has_tag", {"tag": str(guest.id)}, yes=[flows.wait(1)], no=[flows.wait(2)])
            flow = flows.build("contacts.contact_created", {}, [adds(guest), asks])
            maren, events = ContactFactory(), EventRow.objects.count()
            foreseen = rehearsing.rehearse(flow, maren, at=clock.now())
            assert [each.outcome for each in foreseen.steps] == ["done", "yes", "waiting"]
            assert not maren.contact_tags.exists()
            assert EventRow.objects.count() == events

    def test_a_step_with_a_fault_stops_it_and_says_what_is_missing(self, juniper):
        with workspace(juniper):
            flow = flows.build("contacts.contact_created", {}, [flows.action("contacts.add_tag"), flows.wait(1)])
            foreseen = rehearsing.rehearse(flow, ContactFactory(), at=clock.now())
            assert [(each.outcome, each.note) for each in foreseen.steps] == [
                ("fault", "Choose a tag, or name a new one.")
            ]

    def test_whoever_an_exit_is_meant_for_leaves_before_the_first_step(self, juniper, guest):
        with workspace(juniper):
            asks = flows.ask("contacts.has_tag", {"tag": str(guest.id)})
            unfinished = flows.ask("contacts.has_tag", {})
            flow = flows.build("contacts.contact_created", {}, [flows.wait(1)]) | {"exits": [unfinished, asks]}
            maren = ContactFactory()
            assert rehearsing.rehearse(flow, maren, at=clock.now()).is_through
            tags.add(maren, guest, at=clock.now())
            foreseen = rehearsing.rehearse(flow, maren, at=clock.now())
            said = [(each.outcome, each.note) for each in foreseen.steps]
            assert said == [("exit", "Leaves early: Has the tag “Guest”?")]
            assert not foreseen.is_through

    def test_a_goal_that_a_step_reaches_is_skipped_to_as_in_earnest(self, juniper, guest):
        with workspace(juniper):
            asks = flows.ask("contacts.has_tag", {"tag": str(guest.id)})
            steps = [adds(guest), flows.wait(9), flows.goal(asks, name="Came"), flows.wait(1)]
            at = clock.now()
            foreseen = rehearsing.rehearse(
                flows.build("contacts.contact_created", {}, steps), ContactFactory(timezone="UTC"), at=at
            )
            assert [each.outcome for each in foreseen.steps] == ["done", "jumped", "met", "waiting"]
            assert foreseen.steps[1].note == "Skips ahead to the goal: Came"
            assert foreseen.ends_at == at + timedelta(days=1)

    def test_a_goal_that_holds_people_is_where_it_stops(self, juniper, guest):
        with workspace(juniper):
            asks = flows.ask("contacts.has_tag", {"tag": str(guest.id)})
            flow = flows.build("contacts.contact_created", {}, [flows.goal(asks, otherwise="wait"), flows.wait(1)])
            foreseen = rehearsing.rehearse(flow, ContactFactory(), at=clock.now())
            assert [each.outcome for each in foreseen.steps] == ["held"]
            assert not foreseen.is_through

    def test_somebody_is_chosen_by_name_and_their_way_is_marked(self, as_ada, juniper, automation):
        with workspace(juniper):
            maren = ContactFactory(first_name="Maren", last_name="Thiessen")
        found = as_ada.get(url(automation), {"test": "", "who": "thies"}).content.decode()
        assert f"?test={maren.id}" in found
        page = as_ada.get(url(automation), {"test": str(maren.id)}).content.decode()
        assert page.count("is-walked") == 4
        assert "“No”, as things stand now." in page
        with workspace(juniper):
            assert not Run.objects.exists()
            assert not maren.contact_tags.exists()

    def test_a_stranger_can_not_be_tried(self, as_ada, automation):
        page = as_ada.get(url(automation), {"test": "00000000-0000-0000-0000-000000000000"}).content.decode()
        assert "Whom should we try it with?" in page


def test_a_change_in_the_list_leaves_it_a_list(as_ada, automation):
    answer = as_ada.post(
        url(automation, "steps/"),
        {"kind": "wait", "index": 0, "revision": 0},
        headers={"HX-Request": "true", "HX-Current-URL": f"http://localhost{url(automation)}?view=list"},
    )
    assert "flow-as-list" in answer.content.decode()
    assert answer["HX-Push-Url"].endswith("&view=list")


def test_publishing_again_keeps_people_where_they_are(juniper, automation, topic):
    with workspace(juniper):
        joins(topic)
    run_jobs()
    with workspace(juniper):
        publishing.publish_moving_them(automation, at=clock.now())
        assert Run.objects.get().version.number == 2
