"""People go through automations one step at a time, once, in their own time, whatever fails on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.automations import queries
from plainsail.automations.models import Automation, Run, StepLog
from plainsail.automations.services import editing, entering, flows, publishing, running, stepping
from plainsail.automations.sockets import ACTIONS, Action, Done
from plainsail.automations.tests.factories import ContactFactory, ListFactory, joins, live, tag
from plainsail.contacts.services import tags
from plainsail.kernel import clock
from plainsail.kernel.models import EventRow
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def topic(in_juniper):
    return ListFactory()


@pytest.fixture
def performed(monkeypatch):
    """An action that notes for whom it was performed; it may be told to fail."""
    calls = []
    calls_of = type("Calls", (), {"list": calls, "fails": False})

    def perform(contact, config, run_key, at):
        if calls_of.fails:
            raise ConnectionError("the potter is out")
        calls.append((contact.id, run_key))
        return Done(note=config.get("note", ""))

    monkeypatch.setitem(
        ACTIONS._entries, "test.note", Action(label="Note", icon="check", sentence=str, perform=perform)
    )
    return calls_of


def on_joining(topic, steps, **more):
    return flows.build("contacts.list_joined", {"list": str(topic.id)}, steps, **more)


def tags_of(contact):
    return sorted(contact.contact_tags.values_list("tag__name", flat=True))


def test_joining_a_list_starts_it_and_each_step_follows_in_its_time(topic, in_juniper):
    guest = tag(in_juniper)
    live(on_joining(topic, [flows.wait(2), flows.action("contacts.add_tag", {"tag": str(guest.id)})]))
    at = clock.now()
    contact = joins(topic, at=at)
    run_jobs(at=at)
    assert tags_of(contact) == []
    run_jobs(at=at + DAY)
    assert tags_of(contact) == []
    run_jobs(at=at + 2 * DAY + timedelta(hours=2))
    assert tags_of(contact) == ["Guest"]
    run = Run.objects.get()
    assert (run.state, run.step) == (Run.State.DONE, "")
    assert list(run.log.order_by("at", "id").values_list("outcome", flat=True)) == ["waiting", "done"]


def test_what_happened_before_it_went_live_starts_nothing_though_it_is_heard_later(topic):
    joins(topic, at=clock.now() - DAY)
    live(on_joining(topic, [flows.wait(1)]))
    run_jobs()
    assert not Run.objects.exists()


def test_another_list_starts_nothing(topic):
    live(on_joining(topic, [flows.wait(1)]))
    joins(ListFactory(name="Another"))
    run_jobs()
    assert not Run.objects.exists()


def test_a_draft_and_a_paused_one_let_nobody_in(topic):
    editing.create(name="Draft", flow=on_joining(topic, [flows.wait(1)]), at=clock.now())
    publishing.pause(live(on_joining(topic, [flows.wait(1)])))
    joins(topic)
    run_jobs()
    assert not Run.objects.exists()


def test_a_condition_decides_when_somebody_comes_to_it(topic, in_juniper):
    vip, yes, no = (tag(in_juniper, name) for name in ("VIP", "Yes", "No"))
    asks = flows.condition(
        "contacts.has_tag",
        {"tag": str(vip.id)},
        yes=[flows.action("contacts.add_tag", {"tag": str(yes.id)})],
        no=[flows.action("contacts.add_tag", {"tag": str(no.id)})],
    )
    live(on_joining(topic, [flows.wait(1), asks]))
    at = clock.now()
    first, second = joins(topic, at=at), joins(topic, at=at)
    run_jobs(at=at)
    tags.add(first, vip, at=at)
    run_jobs(at=at + 2 * DAY)
    assert (tags_of(first), tags_of(second)) == (["VIP", "Yes"], ["No"])


def test_an_end_ends_it_before_what_follows(topic, performed):
    live(on_joining(topic, [flows.end(), flows.action("test.note")]))
    joins(topic)
    run_jobs()
    assert (performed.list, Run.objects.get().state) == ([], Run.State.DONE)


class TestEntering:
    def test_once_means_once_even_after_leaving_and_joining_again(self, topic, performed):
        live(on_joining(topic, [flows.action("test.note")]))
        contact = joins(topic)
        run_jobs()
        joins(topic, contact)
        run_jobs()
        assert len(performed.list) == 1

    def test_again_means_after_the_days_chosen(self, topic, performed):
        flow = on_joining(topic, [flows.action("test.note")], policy="again")
        flow["entry"]["days"] = 10
        live(flow)
        at = clock.now()
        contact = joins(topic, at=at)
        run_jobs(at=at)
        joins(topic, contact, at=at + 9 * DAY)
        run_jobs(at=at + 9 * DAY)
        assert len(performed.list) == 1
        joins(topic, contact, at=at + 11 * DAY)
        run_jobs(at=at + 11 * DAY)
        assert len(performed.list) == 2

    def test_again_lets_nobody_in_who_is_still_in_it(self, topic):
        flow = on_joining(topic, [flows.wait(50)], policy="again")
        flow["entry"]["days"] = 1
        live(flow)
        at = clock.now()
        contact = joins(topic, at=at)
        run_jobs(at=at)
        joins(topic, contact, at=at + 5 * DAY)
        run_jobs(at=at + 5 * DAY)
        assert Run.objects.count() == 1

    def test_every_event_means_every_event_but_each_only_once(self, topic, performed):
        automation = live(on_joining(topic, [flows.wait(1)], policy="every"))
        contact, at = ContactFactory(), clock.now()
        for cause in ("a", "a", "b"):
            entering.enter(automation, contact, at=at, cause=cause)
        assert Run.objects.count() == 2

    def test_two_automations_that_start_each_other_end(self, in_juniper):
        one, two = tag(in_juniper, "One"), tag(in_juniper, "Two")

        def toggles(trigger, gives):
            steps = [
                flows.wait(1, "minutes"),
                flows.action("contacts.remove_tag", {"tag": str(trigger.id)}),
                flows.action("contacts.add_tag", {"tag": str(gives.id)}),
            ]
            return flows.build("contacts.tag_added", {"tag": str(trigger.id)}, steps, policy="every")

        live(toggles(one, two), name="One")
        live(toggles(two, one), name="Two")
        at = clock.now()
        tags.add(ContactFactory(), one, at=at)
        for minutes in range(50):
            run_jobs(at=at + timedelta(minutes=minutes))
        assert Run.objects.count() == 2 * entering.MOST_ENTRIES_A_DAY

    def test_a_deleted_contact_is_taken_out(self, topic, performed):
        live(on_joining(topic, [flows.wait(1), flows.action("test.note")]))
        at = clock.now()
        contact = joins(topic, at=at)
        run_jobs(at=at)
        contact.deleted_at = at
        contact.save()
        run_jobs(at=at + 2 * DAY)
        assert (Run.objects.get().state, performed.list) == (Run.State.STOPPED, [])


class TestFailing:
    def test_a_failing_step_is_tried_again_and_leaves_nothing_half_done(self, topic, performed):
        live(on_joining(topic, [flows.action("test.note")]))
        performed.fails = True
        at = clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        run = Run.objects.get()
        assert (run.state, run.failures, StepLog.objects.count()) == (Run.State.WAITING, 1, 0)
        assert "the potter is out" in run.error
        performed.fails = False
        run_jobs(at=at + timedelta(hours=1))
        assert len(performed.list) == 1

    def test_after_five_failures_it_is_parked_where_people_see_it_and_holds_up_nobody_else(self, topic, performed):
        automation = live(on_joining(topic, [flows.action("test.note")]))
        performed.fails = True
        at = clock.now()
        contact = joins(topic, at=at)
        for hours in range(8):
            run_jobs(at=at + timedelta(hours=24 * hours))
        [run] = queries.held_up(automation)
        assert (run.contact, run.state) == (contact, Run.State.PARKED)
        assert EventRow.objects.filter(name="automations.run_parked", contact_id=contact.id).count() == 1
        performed.fails = False
        later = at + timedelta(days=30)
        running.retry(run, at=later)
        run_jobs(at=later)
        run.refresh_from_db()
        assert (run.state, len(performed.list)) == (Run.State.DONE, 1)

    def test_a_held_up_step_can_be_left_out(self, topic, performed, in_juniper):
        guest = tag(in_juniper)
        automation = live(
            on_joining(topic, [flows.action("test.note"), flows.action("contacts.add_tag", {"tag": str(guest.id)})])
        )
        performed.fails = True
        at = clock.now()
        contact = joins(topic, at=at)
        for hours in range(8):
            run_jobs(at=at + timedelta(hours=24 * hours))
        [run] = queries.held_up(automation)
        running.skip(run, at=at + timedelta(days=30))
        run_jobs(at=at + timedelta(days=30))
        assert (tags_of(contact), performed.list) == (["Guest"], [])

    def test_a_run_that_takes_too_many_steps_in_a_day_is_parked(self, topic, performed, monkeypatch):
        monkeypatch.setattr(stepping, "MOST_STEPS_A_DAY", 3)
        automation = live(on_joining(topic, [flows.action("test.note") for _number in range(5)]))
        joins(topic)
        run_jobs()
        assert (len(performed.list), len(queries.held_up(automation))) == (3, 1)

    def test_the_same_step_taken_by_two_workers_is_done_once(self, topic, performed):
        live(on_joining(topic, [flows.action("test.note"), flows.wait(1)]))
        contact, at = joins(topic), clock.now()
        run_jobs(at=at)
        run = Run.objects.get()
        stop = stepping.Stop(run.version, run.version.document["steps"][0]["id"], run.workspace, at)
        assert stepping.take(stop, [run.id]) == 0
        assert performed.list == [(contact.id, f"{run.id.hex}.{run.version.document['steps'][0]['id']}.1")]


@pytest.mark.usefixtures("performed")
class TestPublishing:
    def flow(self, topic, *notes):
        return on_joining(topic, [flows.wait(3), *(flows.action("test.note", {"note": note}) for note in notes)])

    def test_people_under_way_finish_what_they_began(self, topic, performed):
        automation = live(self.flow(topic, "old"))
        at = clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        step = automation.draft["steps"][1]["id"]
        editing.change(automation, step, {"config": {"note": "new"}}, revision=0, at=at)
        publishing.publish_letting_them_finish(automation, at=at)
        joins(topic, at=at)
        run_jobs(at=at)
        run_jobs(at=at + 4 * DAY)
        notes = sorted(StepLog.objects.filter(step=step).values_list("note", flat=True))
        assert notes == ["new", "old"]

    def test_people_under_way_can_be_moved_and_keep_their_place(self, topic, performed):
        automation = live(self.flow(topic, "old"))
        at = clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        step = automation.draft["steps"][1]["id"]
        editing.change(automation, step, {"config": {"note": "new"}}, revision=0, at=at)
        publishing.publish_moving_them(automation, at=at)
        run_jobs(at=at + 2 * DAY)
        assert not StepLog.objects.filter(step=step).exists()
        run_jobs(at=at + 4 * DAY)
        assert StepLog.objects.get(step=step).note == "new"

    def moved_out_of(self, topic, wait, otherwise, *, after):
        """Somebody waits at a step, and some days later is moved to a version where it is set otherwise."""
        automation, at = live(on_joining(topic, [wait, flows.action("test.note", {"note": "new"})])), clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        step = automation.draft["steps"][0]["id"]
        automation = editing.edit(automation, lambda flow: flows.change(flow, step, otherwise), revision=0, at=at)
        publishing.publish_moving_them(automation, at=at + after)
        run_jobs(at=at + after)
        return at, Run.objects.get()

    @pytest.mark.parametrize(("days", "due"), [(6, 6), (4, 4)])
    def test_a_longer_or_a_shorter_wait_counts_what_they_have_waited(self, topic, performed, days, due):
        at, run = self.moved_out_of(topic, flows.wait(5, "days"), {"amount": days}, after=2 * DAY)
        assert run.due_at.date() == (at + due * DAY).date()
        assert performed.list == []

    def test_a_wait_that_would_be_over_by_now_is_over(self, topic, performed):
        _at, run = self.moved_out_of(topic, flows.wait(5, "days"), {"amount": 1}, after=2 * DAY)
        assert run.state == Run.State.DONE

    def test_what_they_have_waited_counts_when_they_are_moved_twice(self, topic, performed):
        at, run = self.moved_out_of(topic, flows.wait(5, "days"), {"amount": 9}, after=2 * DAY)
        automation = Automation.objects.get()
        step = automation.draft["steps"][0]["id"]
        automation = editing.edit(automation, lambda flow: flows.change(flow, step, {"amount": 7}), revision=1, at=at)
        publishing.publish_moving_them(automation, at=at + 3 * DAY)
        run_jobs(at=at + 3 * DAY)
        run.refresh_from_db()
        assert run.due_at.date() == (at + 7 * DAY).date()

    @pytest.mark.parametrize("otherwise", [{"otherwise": "go_on"}, {"off": True}])
    def test_nobody_stays_behind_at_a_goal_that_holds_people_no_more(self, topic, in_juniper, performed, otherwise):
        bought = flows.ask("contacts.has_tag", {"tag": str(tag(in_juniper).id)})
        _at, run = self.moved_out_of(topic, flows.goal(bought, otherwise="wait"), otherwise, after=2 * DAY)
        assert run.state == Run.State.DONE

    def test_whoever_stands_at_a_step_that_is_gone_finishes_the_old_version(self, topic, performed):
        automation = live(self.flow(topic, "old"))
        at = clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        wait, note = (step["id"] for step in automation.draft["steps"])
        editing.remove(automation, wait, revision=0, at=at)
        automation.refresh_from_db()
        editing.change(automation, note, {"config": {"note": "new"}}, revision=1, at=at)
        publishing.publish_moving_them(automation, at=at)
        run_jobs(at=at + 4 * DAY)
        assert StepLog.objects.get(step=note).note == "old"

    def test_a_live_version_never_changes_with_the_draft(self, topic):
        automation = live(self.flow(topic, "old"))
        before = automation.version.document
        editing.remove(automation, automation.draft["steps"][0]["id"], revision=0, at=clock.now())
        automation.refresh_from_db()
        assert automation.version.document == before
        assert automation.has_unpublished_changes

    @pytest.mark.parametrize(
        ("flow", "message"),
        [
            (lambda topic: flows.empty(), "Choose what starts it."),
            (lambda topic: on_joining(topic, []), "Add a first step."),
            (lambda topic: flows.build("contacts.list_joined", {}, [flows.wait(1)]), "Please fill this in."),
            (lambda topic: on_joining(topic, [flows.action("contacts.add_tag")]), "Choose a tag, or name a new one."),
            (lambda topic: on_joining(topic, [flows.action("gone.away")]), "Nothing here can do this any more."),
        ],
    )
    def test_what_is_not_finished_does_not_go_live(self, topic, flow, message):
        automation = editing.create(name="Half", flow=flow(topic), at=clock.now())
        with pytest.raises(publishing.NotReady) as refused:
            publishing.publish_letting_them_finish(automation, at=clock.now())
        assert str(refused.value) == message
        automation.refresh_from_db()
        assert automation.state == Automation.State.DRAFT

    def test_pausing_holds_everybody_where_they_are(self, topic, performed):
        automation = live(self.flow(topic, "x"))
        at = clock.now()
        joins(topic, at=at)
        run_jobs(at=at)
        publishing.pause(automation)
        run_jobs(at=at + 10 * DAY)
        assert performed.list == []
        publishing.resume(automation, at=at + 10 * DAY)
        run_jobs(at=at + 10 * DAY)
        assert len(performed.list) == 1

    def test_changes_can_be_taken_back_and_stale_ones_are_refused(self, topic):
        automation = live(self.flow(topic, "x"))
        first = automation.draft["steps"][0]["id"]
        editing.remove(automation, first, revision=0, at=clock.now())
        with pytest.raises(editing.Stale):
            editing.remove(automation, first, revision=0, at=clock.now())
        undone = editing.undo(automation, revision=1, at=clock.now())
        assert undone.draft["steps"][0]["id"] == first
        with pytest.raises(editing.NothingToUndo):
            editing.undo(automation, revision=2, at=clock.now())


def test_counts_say_who_is_where(topic, performed):
    automation = live(on_joining(topic, [flows.action("test.note"), flows.wait(1), flows.action("test.note")]))
    at = clock.now()
    for _number in range(3):
        joins(topic, at=at)
    run_jobs(at=at)
    first, wait, _last = (step["id"] for step in automation.draft["steps"])
    counts = queries.step_counts(automation)
    assert (counts.passed[first], counts.here[wait]) == (3, 3)
    traffic = queries.traffic(automation.workspace)[automation.id]
    assert (traffic.entered, traffic.waiting, traffic.done) == (3, 3, 0)


def test_an_automation_can_be_thrown_away_with_everybody_in_it(topic):
    automation = live(on_joining(topic, [flows.wait(1)]))
    joins(topic)
    run_jobs()
    publishing.delete(automation)
    assert not Automation.objects.exists()
    assert not Run.objects.exists()
