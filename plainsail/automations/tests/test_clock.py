"""Days of their own, schedules and things that did not happen let people in, each once, whatever was asleep meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.automations.models import Run
from plainsail.automations.services import coming, flows, publishing
from plainsail.automations.tests.factories import ContactFactory, live, tag
from plainsail.automations.vocabulary import clock as days
from plainsail.contacts.models import CustomField
from plainsail.contacts.services import segments, tags, values
from plainsail.kernel.models import Workspace

pytestmark = pytest.mark.django_db
MARCH = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def business(in_juniper):
    Workspace.objects.filter(id=in_juniper.id).update(timezone="Europe/Berlin")
    in_juniper.timezone = "Europe/Berlin"
    return in_juniper


def schedule(**config):
    return flows.build(
        "automations.schedule",
        {"segment": "", "every": "day", "weekday": 0, "day": 1, "time": "09:00"} | config,
        [flows.wait(900)],
        policy="every",
    )


def birthday(**config):
    return flows.build(
        "contacts.their_day",
        {"field": "born", "offset": 0, "time": "09:00", "yearly": True} | config,
        [flows.wait(1)],
        policy="every",
    )


def born(*on):
    field, _made = CustomField.objects.get_or_create(
        key="born", defaults={"label": "Born", "kind": "date", "position": 1}
    )
    contact = ContactFactory()
    values.put(contact, {field.key: date(*on)})
    return contact


def entered(business, *, at):
    coming.look.function(workspace_id=business.id, at=at)
    return [run.contact_id for run in Run.objects.order_by("entered_at", "contact_id")]


def test_a_birthday_comes_on_its_morning_every_year(business):
    ada, _ben = born(1990, 3, 5), born(1990, 3, 6)
    live(birthday(), at=MARCH)
    assert entered(business, at=MARCH.replace(day=5, hour=7)) == []
    assert entered(business, at=MARCH.replace(day=5, hour=8)) == [ada.id]
    assert entered(business, at=MARCH.replace(day=5, hour=8, minute=1)) == [ada.id]
    assert Run.objects.get().entered_at == MARCH.replace(day=5, hour=8)
    assert entered(business, at=MARCH.replace(year=2028, day=5, hour=9)).count(ada.id) == 2


def test_some_days_before_a_day_that_comes_once(business):
    trial = born(2027, 3, 10)
    live(birthday(offset=-3, yearly=False), at=MARCH)
    assert entered(business, at=MARCH.replace(day=6)) == []
    assert entered(business, at=MARCH.replace(day=7)) == [trial.id]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 2, 28), [date(2000, 2, 28), date(2000, 2, 29)]),
        (date(2028, 2, 28), [date(2000, 2, 28)]),
        (date(2028, 2, 29), [date(2000, 2, 29)]),
        (date(2027, 3, 1), [date(2000, 3, 1)]),
    ],
)
def test_who_was_born_on_29_february_has_their_day_on_the_28th_in_other_years(day, expected):
    assert [one for one in days.same_days(day) if one.year == 2000] == expected


def test_a_schedule_lets_its_segment_in_at_its_time_and_catches_up_after_a_pause_of_the_machine(business):
    guest = tag(business)
    ada, _ben = ContactFactory(), ContactFactory()
    tags.add(ada, guest, at=MARCH)
    segment = segments.save(
        business, name="Guests", tree={"field": "tag", "op": "is", "value": str(guest.id)}, at=MARCH
    )
    live(schedule(segment=str(segment.id), every="week", weekday=2), at=MARCH)
    assert entered(business, at=MARCH.replace(day=2, hour=23)) == []
    assert entered(business, at=MARCH.replace(day=18)) == [ada.id] * 3


def test_the_31st_is_the_last_day_of_shorter_months(business):
    ContactFactory()
    live(schedule(every="month", day=31), at=MARCH)
    entered(business, at=MARCH + 100 * DAY)
    said = [f"{run.entered_at:%m-%d}" for run in Run.objects.order_by("entered_at")]
    assert said == ["03-31", "04-30", "05-31"]


def test_a_schedule_into_the_hour_that_is_skipped_comes_an_hour_later(business):
    ContactFactory()
    live(schedule(time="02:30"), at=datetime(2027, 3, 27, 12, tzinfo=UTC))
    entered(business, at=datetime(2027, 3, 28, 12, tzinfo=UTC))
    assert Run.objects.get().entered_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_what_would_have_come_while_it_rested_does_not(business):
    ContactFactory()
    automation = live(schedule(), at=MARCH)
    publishing.pause(automation)
    publishing.resume(automation, at=MARCH + 5 * DAY)
    assert entered(business, at=MARCH + 5 * DAY) == []


def test_a_look_that_was_killed_before_its_end_lets_nobody_in_twice(business):
    ContactFactory()
    automation = live(schedule(), at=MARCH)
    coming.look.function(workspace_id=business.id, at=MARCH + DAY)
    type(automation).objects.filter(id=automation.id).update(looked_at=MARCH)
    assert len(entered(business, at=MARCH + DAY + timedelta(minutes=1))) == 1


def test_where_nothing_waits_for_the_clock_nobody_looks_again(business):
    assert coming.look.function(workspace_id=business.id, at=MARCH) is None
