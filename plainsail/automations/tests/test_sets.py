"""Everybody at the same step goes on together: the same as one after the other, in a few statements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.automations import queries
from plainsail.automations.models import Automation, Run, StepLog
from plainsail.automations.services import asking, editing, entering, flows, publishing, rehearsing, running, stepping
from plainsail.automations.sockets import ACTIONS, Action
from plainsail.automations.tests.factories import ContactFactory, ListFactory, joins, live, tag
from plainsail.automations.views import drawing
from plainsail.contacts.events import ListJoined
from plainsail.contacts.models import Contact, ContactTag
from plainsail.contacts.services import erasing, merging, sets, tags
from plainsail.kernel import clock
from plainsail.kernel.events import publish_many
from plainsail.kernel.models import PendingEvent
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def topic(in_juniper):
    return ListFactory()


@pytest.fixture
def noted(monkeypatch):
    """An action that knows sets, and fails for whoever is called Ernst."""
    calls = []

    def many(work, config, at):
        names = dict(Contact.objects.filter(id__in=[one.contact_id for one in work]).values_list("id", "first_name"))
        if "Ernst" in names.values():
            raise ConnectionError("the potter is out")
        calls.append([one.run_key for one in work])
        return {}

    def one(contact, config, run_key, at):
        raise AssertionError("there is a form for sets")

    from plainsail.contacts.models import Contact

    entry = Action(label="Note", icon="check", sentence=str, perform=one, perform_many=many)
    monkeypatch.setitem(ACTIONS._entries, "test.note", entry)
    return calls


def on_joining(topic, steps, **more):
    return flows.build("contacts.list_joined", {"list": str(topic.id)}, steps, **more)


def all_join(topic, number, *, at, **facts):
    """So many contacts join, told of in one set of events."""
    people = ContactFactory.create_batch(number, **facts)
    publish_many([ListJoined(list_id=topic.id, contact_id=one.id, at=at) for one in people])
    return people


def outcomes(step):
    return sorted(StepLog.objects.filter(step=step).values_list("outcome", flat=True))


def statements(function):
    with CaptureQueriesContext(connection) as captured:
        function()
    return len([one for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


class TestNumberOfStatements:
    def test_a_step_takes_as_many_for_thirty_people_as_for_three(self, topic, in_juniper):
        guest = tag(in_juniper)
        found = {}
        for number in (3, 30):
            flow = on_joining(
                topic,
                [
                    flows.action("contacts.add_tag", {"tag": str(guest.id)}),
                    flows.condition("contacts.has_tag", {"tag": str(guest.id)}, yes=[flows.wait(1)]),
                ],
            )
            automation = live(flow, name=f"For {number}")
            at = clock.now()
            people = ContactFactory.create_batch(number)
            entering.enter_many(automation, [entering.Entry(one.id, at, "x") for one in people], at=at)
            found[number] = statements(lambda at=at: running.advance(workspace_id=in_juniper.id, at=at))
        assert found[3] == found[30]
        assert ContactTag.objects.filter(tag=guest).count() == 33

    def test_a_set_of_events_enters_with_as_many_for_thirty_as_for_three(self, topic, in_juniper):
        live(on_joining(topic, [flows.wait(1)]))
        found = {}
        for number in (1, 3, 30):  # the first of them finds no job waiting yet
            at = clock.now()
            told = [
                ListJoined(list_id=topic.id, contact_id=one.id, at=at) for one in ContactFactory.create_batch(number)
            ]
            found[number] = statements(lambda told=told: entering.hear("contacts.list_joined", told))
        assert found[3] == found[30]
        assert Run.objects.count() == 34


def test_what_is_due_is_read_from_its_index_alone(in_juniper):
    asked = {
        "workspace": in_juniper.id,
        "at": clock.now(),
        "after_at": running.FIRST[0],
        "after_id": running.FIRST[1],
        "resting": "{}",
        "limit": running.WINDOW,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        # An empty table is sorted as cheaply as its index is read; asked is whether the index can give the order.
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {running.DUE}", asked)
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using automations_run_due" in plan
    assert "Sort" not in plan


def test_only_who_makes_a_set_fail_is_held_up(topic, noted):
    automation = live(on_joining(topic, [flows.action("test.note"), flows.wait(1)]))
    at = clock.now()
    all_join(topic, 6, at=at)
    [ernst] = all_join(topic, 1, at=at, first_name="Ernst")
    for days in range(6):
        run_jobs(at=at + days * DAY)
    [run] = queries.held_up(automation)
    assert (run.contact, Run.objects.filter(state=Run.State.DONE).count()) == (ernst, 6)
    assert len({key for keys in noted for key in keys}) == sum(map(len, noted)) == 6


def test_a_flood_of_events_for_one_contact_ends_after_twenty(topic):
    live(on_joining(topic, [flows.wait(1)], policy="every"))
    contact, at = ContactFactory(), clock.now()
    publish_many(
        [ListJoined(list_id=topic.id, contact_id=contact.id, at=at + number * MINUTE) for number in range(300)]
    )
    run_jobs(at=at + DAY)
    assert Run.objects.count() == entering.MOST_ENTRIES_A_DAY


def test_again_after_some_days_counts_within_a_set_too(topic):
    flow = on_joining(topic, [flows.end()], policy="again")
    flow["entry"]["days"] = 5
    automation = live(flow)
    contact, at = ContactFactory(), clock.now()
    told = [entering.Entry(contact.id, at + hours * timedelta(hours=1), str(hours)) for hours in range(4)]
    assert len(entering.enter_many(automation, told, at=at)) == 1


class TestWays:
    def test_a_split_shares_people_out_and_gives_each_person_the_same_way_again(self, topic):
        parts = flows.split((30, [flows.wait(1)]), (70, []))
        flow = on_joining(topic, [parts, flows.wait(2)])
        step = flow["steps"][0]
        live(flow)
        at = clock.now()
        all_join(topic, 200, at=at)
        run_jobs(at=at)
        first = StepLog.objects.filter(step=step["id"], outcome="a").count()
        assert 30 <= first <= 90
        others = Run.objects.filter(step=flow["steps"][1]["id"]).values_list("contact_id", flat=True)
        assert {stepping.way_of(step, contact_id) for contact_id in others} == {"b"}
        contact = Contact.objects.get(id=others[0])
        assert rehearsing.rehearse(flow, contact, at=at).steps[0].outcome == "b"

    def test_of_several_ways_the_first_that_fits_is_taken_and_they_meet_again(self, topic, in_juniper):
        vip, guest, last = (tag(in_juniper, name) for name in ("VIP", "Guest", "Last"))
        has = lambda one: flows.ask("contacts.has_tag", {"tag": str(one.id)})  # noqa: E731  # shorter
        ways = flows.paths((has(vip), [flows.wait(1)]), (has(guest), []), otherwise=[flows.end()])
        flow = on_joining(topic, [ways, flows.action("contacts.add_tag", {"tag": str(last.id)})])
        live(flow)
        at = clock.now()
        both, one, none = all_join(topic, 3, at=at)
        for contact, word in ((both, vip), (both, guest), (one, guest)):
            tags.add(contact, word, at=at)
        run_jobs(at=at)
        assert outcomes(flow["steps"][0]["id"]) == ["else", "w1", "w2"]
        run_jobs(at=at + 2 * DAY)
        assert set(last.contact_tags.values_list("contact_id", flat=True)) == {both.id, one.id}
        assert none.automation_runs.get().state == Run.State.DONE

    def test_a_step_that_is_off_is_skipped(self, topic, noted):
        """G13: inactive step skipped."""
        flow = on_joining(
            topic, [flows.action("test.note") | {"off": True}, flows.wait(9) | {"off": True}, flows.end()]
        )
        live(flow)
        all_join(topic, 2, at=clock.now())
        run_jobs()
        assert (noted, Run.objects.filter(state=Run.State.DONE).count()) == ([], 2)
        assert outcomes(flow["steps"][1]["id"]) == ["skipped", "skipped"]


class TestBeforeTheirTime:
    def has(self, word):
        return flows.ask("contacts.has_tag", {"tag": str(word.id)})

    def test_an_exit_takes_people_out_of_a_long_wait_within_a_minute(self, topic, in_juniper, noted):
        bought = tag(in_juniper, "Bought")
        flow = on_joining(topic, [flows.wait(30), flows.action("test.note")]) | {"exits": [self.has(bought)]}
        live(flow)
        at = clock.now()
        stays, goes = all_join(topic, 2, at=at)
        run_jobs(at=at)
        run_jobs(at=at + 10 * MINUTE)
        tags.add(goes, bought, at=at + 11 * MINUTE)
        run_jobs(at=at + 12 * MINUTE)
        assert (goes.automation_runs.get().state, stays.automation_runs.get().state) == ("stopped", "waiting")
        assert outcomes(flow["steps"][0]["id"]) == ["exit", "waiting"]

    def test_a_goal_skips_ahead_from_wherever_they_wait(self, topic, in_juniper, noted):
        bought = tag(in_juniper, "Bought")
        flow = on_joining(
            topic, [flows.wait(30), flows.action("test.note"), flows.goal(self.has(bought)), flows.wait(5)]
        )
        wait, _note, goal, last = (step["id"] for step in flow["steps"])
        live(flow)
        at = clock.now()
        stays, goes = all_join(topic, 2, at=at)
        run_jobs(at=at)
        tags.add(goes, bought, at=at + MINUTE)
        run_jobs(at=at + 2 * MINUTE)
        assert (goes.automation_runs.get().step, stays.automation_runs.get().step) == (last, wait)
        assert (outcomes(wait), outcomes(goal), noted) == (["jumped", "waiting"], ["yes"], [])
        run_jobs(at=at + 31 * DAY)
        assert outcomes(goal) == ["no", "yes"]
        look = drawing.Drawing(queries.step_counts(Automation.objects.get()), {}, "")
        assert drawing.node_of(flow["steps"][2], look).text == "1 reached it"

    def test_a_goal_may_hold_people_until_they_reach_it(self, topic, in_juniper):
        bought = tag(in_juniper, "Bought")
        flow = on_joining(topic, [flows.goal(self.has(bought), otherwise="wait"), flows.end()])
        live(flow)
        at = clock.now()
        [contact] = all_join(topic, 1, at=at)
        run_jobs(at=at)
        run_jobs(at=at + 900 * DAY)
        assert contact.automation_runs.get().state == Run.State.WAITING
        tags.add(contact, bought, at=at + 900 * DAY)
        run_jobs(at=at + 900 * DAY + 2 * MINUTE)
        assert contact.automation_runs.get().state == Run.State.DONE

    def test_a_wait_until_something_is_so_ends_then_or_when_its_time_is_over(self, topic, in_juniper):
        bought = tag(in_juniper, "Bought")
        flow = on_joining(topic, [flows.wait_until(self.has(bought), amount=3), flows.wait(50)])
        step = flow["steps"][0]["id"]
        live(flow)
        at = clock.now()
        had, comes, never = all_join(topic, 3, at=at)
        tags.add(had, bought, at=at)
        run_jobs(at=at)
        assert outcomes(step) == ["met", "waiting", "waiting"]
        tags.add(comes, bought, at=at + DAY)
        run_jobs(at=at + DAY + MINUTE)
        assert outcomes(step) == ["met", "met", "waiting"]
        run_jobs(at=at + 4 * DAY)
        assert outcomes(step) == ["late", "met", "met"]
        look = drawing.Drawing(queries.step_counts(Automation.objects.get()), {}, "")
        assert drawing.node_of(flow["steps"][0], look).text == "At most 3 days · 2 in time · 1 too late"
        assert never.automation_runs.get().step == flow["steps"][1]["id"]

    def test_a_look_ends_where_nobody_is_under_way(self, topic, in_juniper):
        live(on_joining(topic, [flows.wait(1)]) | {"exits": [self.has(tag(in_juniper))]})
        assert asking.look.function(workspace_id=in_juniper.id, at=clock.now()) is None


class TestOthers:
    def test_an_automation_starts_another_and_takes_people_out_of_one(self, topic):
        other = live(flows.build("contacts.contact_created", {}, [flows.wait(9)]), name="Other")
        which = {"automation": str(other.id)}
        flow = on_joining(
            topic, [flows.action("automations.start", which), flows.wait(1), flows.action("automations.stop", which)]
        )
        live(flow)
        at = clock.now()
        all_join(topic, 2, at=at)
        run_jobs(at=at)
        assert other.runs.filter(state=Run.State.WAITING).count() == 2
        run_jobs(at=at + 2 * DAY)
        assert other.runs.filter(state=Run.State.STOPPED).count() == 2

    def test_an_automation_may_take_people_out_of_itself(self, topic, noted):
        automation = editing.create(name="Self", flow=flows.empty(), at=clock.now())
        flow = on_joining(
            topic, [flows.action("automations.stop", {"automation": str(automation.id)}), flows.action("test.note")]
        )
        automation.draft = flow
        automation.save()
        publishing.publish(automation, waiting="finish", at=clock.now())
        all_join(topic, 1, at=clock.now())
        run_jobs()
        assert (Run.objects.get().state, noted) == (Run.State.STOPPED, [])


class TestWhoIsGone:
    def test_who_is_erased_mid_way_leaves_no_run_and_no_log(self, topic, noted):
        live(on_joining(topic, [flows.wait(1), flows.action("test.note")]))
        at = clock.now()
        stays, goes = all_join(topic, 2, at=at)
        run_jobs(at=at)
        erasing.erase(goes, typed=goes.email, by=None, at=at)
        run_jobs(at=at + 2 * DAY)
        assert [run.contact for run in Run.objects.all()] == [stays]
        assert set(StepLog.objects.values_list("run__contact_id", flat=True)) == {stays.id}

    def test_who_is_merged_mid_way_goes_on_as_the_one_who_stays_and_once(self, topic, noted):
        live(on_joining(topic, [flows.wait(1), flows.action("test.note")]))
        at = clock.now()
        kept, merged = all_join(topic, 2, at=at)
        alone, other = ContactFactory(), all_join(topic, 1, at=at)[0]
        run_jobs(at=at)
        merging.merge(kept, merged, at=at)
        merging.merge(alone, other, at=at)
        run_jobs(at=at + 2 * DAY)
        done = Run.objects.filter(state=Run.State.DONE).values_list("contact_id", flat=True)
        assert set(done) == {kept.id, alone.id}
        assert merged.automation_runs.get().state == Run.State.STOPPED


class TestMoving:
    def test_a_step_that_comes_again_in_the_new_version_is_another_visit(self, topic, noted):
        flow = on_joining(topic, [flows.action("test.note"), flows.wait(1), flows.wait(1)])
        automation = live(flow)
        at = clock.now()
        all_join(topic, 1, at=at)
        run_jobs(at=at)
        note, first, second = flow["steps"]
        automation.draft = flow | {"steps": [first, note, second]}
        automation.save()
        publishing.publish(automation, waiting="move", at=at)
        run_jobs(at=at + 2 * DAY)
        run_jobs(at=at + 4 * DAY)
        assert Run.objects.get().state == Run.State.DONE
        assert len({key for keys in noted for key in keys}) == 2


def test_what_is_filled_in_and_given_in_sets_is_told(in_juniper, topic):
    from plainsail.contacts.models import CustomField

    field = CustomField.objects.create(key="level", label="Level", kind="text", position=1)
    people = ContactFactory.create_batch(3)
    at = clock.now()
    ids = [one.id for one in people]
    assert sets.fill_field(field, ids, "gold", at=at) == set(ids)
    assert sets.fill_field(field, ids[:1], "gold", at=at) == set()
    sets.give_points([*ids, ids[0]], 5, note="x", at=at)
    people[0].refresh_from_db()
    assert people[0].score == 10
    assert sets.join_list(topic, ids, basis="a paper form", source="test", at=at) == set(ids)
    assert sets.take_off(topic, ids[:2], source="test", at=at) == set(ids[:2])
    assert sets.join_list(topic, ids, basis="a paper form", source="test", at=at) == set()


def test_joining_by_hand_and_by_a_set_lets_in_alike(topic):
    live(on_joining(topic, [flows.wait(1)]))
    joins(topic)
    all_join(topic, 1, at=clock.now())
    run_jobs()
    assert Run.objects.count() == 2


class TestWhatIsHeard:
    """Events are kept for automations only where one waits for their kind."""

    @pytest.mark.parametrize(("state", "is_kept"), [(None, False), ("draft", False), ("live", True), ("paused", True)])
    def test_an_event_waits_to_be_heard_where_an_automation_is_live_or_may_go_on(
        self, topic, in_juniper, state, is_kept
    ):
        if state == "draft":
            editing.create(name="Drawn", flow=on_joining(topic, [flows.wait(1)]), at=clock.now())
        elif state is not None:
            live(on_joining(topic, [flows.wait(1)]))
            Automation.objects.update(state=state)
        all_join(topic, 2, at=clock.now())
        waiting = PendingEvent.objects.filter(subscriber="automations.contacts.list_joined")
        assert waiting.exists() == is_kept
