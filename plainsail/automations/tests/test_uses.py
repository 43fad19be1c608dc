"""What an automation needs can't be deleted from under it, and the refusal says where it is needed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows, publishing
from plainsail.automations.tests.factories import ContactFactory, ListFactory, joins, live, tag
from plainsail.contacts.models import CustomField
from plainsail.contacts.services import fields, lists, scoring, segments, tags, uses
from plainsail.deals.services import pipelines
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest(in_juniper):
    return tag(in_juniper)


def refused(function):
    with pytest.raises(uses.InUse) as refusal:
        function()
    return str(refusal.value)


@pytest.mark.parametrize("place", ["trigger", "action", "condition", "exit", "goal", "way", "tree"])
def test_a_tag_is_kept_wherever_it_stands(in_juniper, guest, place):
    has = flows.ask("contacts.has_tag", {"tag": str(guest.id)})
    leaf = {"field": "tag", "op": "is", "value": str(guest.id)}
    steps = {
        "action": [flows.action("contacts.add_tag", {"tag": str(guest.id)})],
        "condition": [flows.condition("contacts.has_tag", {"tag": str(guest.id)})],
        "goal": [flows.goal(has)],
        "way": [flows.paths((has, []))],
        "tree": [flows.condition("contacts.matches", {"tree": {"any": [leaf]}})],
    }.get(place, [flows.wait(1)])
    kind, config = ("contacts.tag_added", has["config"]) if place == "trigger" else ("contacts.contact_created", {})
    flow = flows.build(kind, config, steps) | ({"exits": [has]} if place == "exit" else {})
    live(flow, name="Welcome")
    assert refused(lambda: tags.delete(guest, at=clock.now())) == "It is still used: Automation “Welcome”."
    Automation.objects.update(version=None)
    Automation.objects.all().delete()
    tags.delete(guest, at=clock.now())


def test_a_version_that_people_are_still_in_keeps_what_it_needs(in_juniper, guest):
    topic = ListFactory()
    flow = flows.build(
        "contacts.list_joined",
        {"list": str(topic.id)},
        [flows.wait(5), flows.action("contacts.add_tag", {"tag": str(guest.id)})],
    )
    automation = live(flow)
    at = clock.now()
    joins(topic, at=at)
    run_jobs(at=at)
    step = flow["steps"][1]["id"]
    editing.remove(automation, step, revision=0, at=at)
    automation.refresh_from_db()
    publishing.publish(automation, waiting="finish", at=at)
    assert "Free lesson welcome" in refused(lambda: tags.delete(guest, at=at))
    run_jobs(at=at + timedelta(days=6))
    tags.delete(guest, at=at)


def test_a_segment_a_level_and_an_automation_are_kept_too(in_juniper, guest):
    tree = {"field": "tag", "op": "is", "value": str(guest.id)}
    segment = segments.save(in_juniper, name="Guests", tree=tree, at=clock.now())
    level = scoring.add_level(name="Hot", points=50, at=clock.now())
    other = live(flows.build("contacts.score_reached", {"level": str(level.id)}, [flows.wait(1)]), name="Other")
    steps = [
        flows.condition("contacts.in_segment", {"segment": str(segment.id)}),
    ]
    live(
        flows.build(
            "contacts.contact_created", {}, [flows.action("automations.start", {"automation": str(other.id)}), *steps]
        ),
        name="One",
    )
    with pytest.raises(segments.InUse, match="Automation “One”"):
        segments.delete(segment)
    assert refused(lambda: scoring.delete_level(level)) == "It is still used: Automation “Other”."
    assert refused(lambda: publishing.delete(other)) == "It is still used: Automation “One”."


@pytest.mark.parametrize("place", ["trigger", "wait", "action", "tree"])
def test_an_own_field_is_kept_wherever_it_stands_and_another_goes(in_juniper, place):
    birthday = CustomField.objects.create(key="birthday", label="Birthday", kind="date", position=1)
    other = CustomField.objects.create(key="name", label="Name", kind="text", position=2)
    leaf = {"field": "field:birthday", "op": "known"}
    steps = {
        "wait": [{"type": "wait", "mode": "field", "field": "birthday", "offset": 0, "time": "09:00"}],
        "action": [flows.action("contacts.fill_field", {"field": "birthday", "value": ""})],
        "tree": [flows.condition("contacts.matches", {"tree": {"any": [leaf]}})],
    }.get(place, [flows.wait(1)])
    day = {"field": "birthday", "offset": 0, "time": "09:00", "yearly": True}
    kind, config = ("contacts.their_day", day) if place == "trigger" else ("contacts.contact_created", {})
    editing.create(name="Welcome", flow=flows.build(kind, config, steps), at=clock.now())
    assert refused(lambda: fields.archive(birthday, at=clock.now())) == "It is still used: Automation “Welcome”."
    fields.archive(other, at=clock.now())


def test_a_pipeline_is_kept_for_a_deal_that_is_opened_in_it_or_moved_to_a_stage_of_it(in_juniper):
    pipeline = pipelines.create(in_juniper, name="Courses", at=clock.now())
    stage = pipeline.stages.order_by("position").first()
    action = flows.action("deals.move", {"stage": str(stage.id)})
    made = editing.create(name="Welcome", flow=flows.build("contacts.contact_created", {}, [action]), at=clock.now())
    assert refused(lambda: pipelines.archive(pipeline, at=clock.now())) == "It is still used: Automation “Welcome”."
    made.delete()
    pipelines.archive(pipeline, at=clock.now())


def test_putting_a_field_away_says_on_its_page_what_needs_it(as_ada, juniper):
    with workspace(juniper):
        birthday = CustomField.objects.create(key="birthday", label="Birthday", kind="date", position=1)
        action = flows.action("contacts.fill_field", {"field": "birthday", "value": ""})
        editing.create(name="Welcome", flow=flows.build("contacts.contact_created", {}, [action]), at=clock.now())
    page = as_ada.post(f"/w/juniper/contacts/fields/{birthday.id}/archiving/", follow=True).content.decode()
    assert "It is still used: Automation “Welcome”." in page


def test_what_nothing_needs_goes(guest):
    tags.add(ContactFactory(), guest, at=clock.now())
    assert tags.delete(guest, at=clock.now()) == 1


def test_a_list_that_an_automation_needs_can_not_be_put_away(in_juniper):
    topic = ListFactory()
    live(flows.build("contacts.list_joined", {"list": str(topic.id)}, [flows.wait(1)]), name="Welcome")
    assert refused(lambda: lists.archive(topic, at=clock.now())) == "It is still used: Automation “Welcome”."
    Automation.objects.update(version=None)
    Automation.objects.all().delete()
    lists.archive(topic, at=clock.now())
