"""Visits without a cookie: told apart for a day, and a person's once they send a form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.ids import new_id
from plainsail.tracking.models import Hit, Visitor
from plainsail.tracking.services import visitors

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
PASSER, OTHER = UUID("00000000" + "ab" * 12), UUID("00000000" + "cd" * 12)


@pytest.fixture
def two(juniper, in_workspace):
    with in_workspace(juniper):
        yield ContactFactory(workspace=juniper), ContactFactory(workspace=juniper)


def visit(seen_as, *, contact=None):
    from plainsail.tracking.services.landing import _make_months

    _make_months({(NOON.year, NOON.month)})
    return Hit.objects.create(
        id=new_id(),
        at=NOON - timedelta(minutes=5),
        kind="visit",
        path="/",
        agent="human",
        visitor_id=seen_as,
        contact_id=contact.id if contact else None,
    )


def owners_of(*hits):
    return [Hit.objects.get(id=hit.id, at=hit.at).contact_id for hit in hits]


def test_todays_visits_join_whoever_sends_a_form_and_their_browser(two):
    grace, _other = two
    theirs, somebody_elses, browser = visit(PASSER), visit(OTHER), new_id()

    visitors.join(PASSER, browser, grace.id, at=NOON)

    assert owners_of(theirs, somebody_elses) == [grace.id, None]
    assert Hit.objects.get(id=theirs.id, at=theirs.at).visitor_id == browser


def test_the_next_one_under_the_same_number_gets_what_came_since(two):
    grace, linus = two
    first = visit(PASSER)
    visitors.join(PASSER, new_id(), grace.id, at=NOON)
    later = visit(PASSER)

    visitors.join(PASSER, new_id(), linus.id, at=NOON)

    assert owners_of(first, later) == [grace.id, linus.id]


def test_the_number_of_a_day_is_never_taken_for_somebodys_browser(two):
    grace, _other = two
    visitors.link(PASSER, grace.id, at=NOON)

    assert not Visitor.objects.exists()


def test_the_number_in_a_cookie_does_not_join_by_the_day(two):
    grace, _other = two
    known = visit(new_id())

    visitors.join(known.visitor_id, new_id(), grace.id, at=NOON)

    assert owners_of(known) == [None]
