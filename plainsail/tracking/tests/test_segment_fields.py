"""Segments know who came by, opened and clicked: people only, and without reading events where a moment is enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection

from plainsail.contacts.models import Contact, Engagement
from plainsail.contacts.queries import condition_of
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.tracking.models import Landing
from plainsail.tracking.services import engaging, landing

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
PERSON, PROGRAM = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "curl/8.0"
DAY = timedelta(days=1)


def land(business, contact, kind, *, agent=PERSON, path="/", at=MAY):
    Landing.objects.create(
        id=new_id(),
        workspace_id=business.id,
        contact_id=contact.id,
        delivery_id=new_id() if kind != "visit" else None,
        kind=kind,
        at=at,
        host="juniper.localhost",
        path=path,
        url="",
        referrer="",
        user_agent=agent,
    )


@pytest.fixture
def people(juniper):
    with workspace(juniper):
        found = {name: ContactFactory(first_name=name) for name in ("Ann", "Bo", "Cy")}
    for path, days in (("/course", 1), ("/course", 2), ("/course", 40), ("/", 1)):
        land(juniper, found["Ann"], "visit", path=path, at=MAY - DAY * days)
    land(juniper, found["Bo"], "visit", path="/course", at=MAY - DAY * 40)
    for kind in ("click", "open"):
        land(juniper, found["Ann"], kind, at=MAY - DAY * 3)
        land(juniper, found["Cy"], kind, agent=PROGRAM, at=MAY - DAY * 3)
    landing.drain.function()
    return found


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"field": "visited", "op": "has", "value": "/course"}, ["Ann", "Bo"]),
        ({"field": "visited", "op": "has", "value": "course", "days": 30}, ["Ann"]),
        ({"field": "visited", "op": "has", "value": "/course", "days": 30, "count": 2}, ["Ann"]),
        ({"field": "visited", "op": "has", "value": "/course", "days": 30, "count": 3}, []),
        ({"field": "visited", "op": "has", "value": "", "count": 4}, ["Ann"]),
        ({"field": "visited", "op": "has_not", "value": "/course", "count": 2}, ["Bo", "Cy"]),
        ({"field": "mail_clicked", "op": "within", "value": 30}, ["Ann"]),
        ({"field": "mail_clicked", "op": "within", "value": 2}, []),
        ({"field": "mail_clicked", "op": "never"}, ["Bo", "Cy"]),
        ({"field": "mail_opened", "op": "ever"}, ["Ann"]),
    ],
)
def test_what_people_did_is_found_and_what_programs_did_is_not(juniper, people, asked, names):
    with workspace(juniper):
        found = Contact.objects.filter(condition_of(asked, at=MAY)).order_by("first_name")
        assert [one.first_name for one in found] == names


def test_what_was_recorded_before_is_gathered_by_an_upgrade_and_after_an_import(juniper, people):
    with workspace(juniper):
        before = set(Engagement.objects.values_list("contact_id", "opened_at", "clicked_at", "visited_at"))
        Engagement.objects.all().delete()
        engaging.gather()
        assert set(Engagement.objects.values_list("contact_id", "opened_at", "clicked_at", "visited_at")) == before
        Engagement.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(import_module("plainsail.tracking.migrations.0004_engagement").GATHER)
            cursor.execute(import_module("plainsail.mail.migrations.0002_engagement").GATHER)
        assert set(Engagement.objects.values_list("contact_id", "opened_at", "clicked_at", "visited_at")) == before
