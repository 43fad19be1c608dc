"""Access with its reasons."""

from datetime import timedelta
from uuid import uuid4

import pytest

from plainsail.kernel import clock
from plainsail.portal.models import Grant
from plainsail.portal.services import grants
from plainsail.portal.tests.factories import customer

pytestmark = pytest.mark.django_db
COURSE = "memberships.course:1"


@pytest.fixture
def maren(in_juniper):
    return customer()


def give(contact, *, source_id=None, resource=COURSE, at=None, **more):
    return grants.give(
        contact,
        resource=resource,
        source_kind="commerce.order",
        source_id=source_id or uuid4(),
        at=at or clock.now(),
        **more,
    )


def names(workspace):
    return list(workspace.events.filter(name__startswith="portal.").order_by("id").values_list("name", flat=True))


def test_a_grant_gives_access_to_its_resource_alone(maren):
    at = clock.now()
    give(maren, at=at)
    assert grants.has_access(maren, COURSE, at=at)
    assert not grants.has_access(maren, "memberships.course:2", at=at)
    assert not grants.has_access(customer("ines@example.com"), COURSE, at=at)
    assert grants.resources_of(maren, at=at) == [COURSE]


def test_giving_twice_is_giving_once(maren, in_juniper):
    source = uuid4()
    first, second = give(maren, source_id=source), give(maren, source_id=source)
    assert first == second
    assert names(in_juniper) == ["portal.access_given"]


def test_access_is_any_live_grant(maren):
    at, one, other = clock.now(), uuid4(), uuid4()
    give(maren, source_id=one, at=at)
    give(maren, source_id=other, at=at)
    assert grants.end_source(source_kind="commerce.order", source_id=one, at=at) == 1
    assert grants.has_access(maren, COURSE, at=at)
    assert grants.end_source(source_kind="commerce.order", source_id=other, at=at) == 1
    assert not grants.has_access(maren, COURSE, at=at)
    assert grants.resources_of(maren, at=at) == []


def test_a_period_begins_and_ends_by_itself(maren):
    at = clock.now()
    grant = give(maren, at=at, starts_at=at + timedelta(days=1), ends_at=at + timedelta(days=3))
    for days, live in ((0, False), (1, True), (2, True), (3, False)):
        moment = at + timedelta(days=days)
        assert grants.has_access(maren, COURSE, at=moment) is live
        assert grant.is_live(at=moment) is live


def test_a_renewal_moves_the_end(maren, in_juniper):
    at, source = clock.now(), uuid4()
    give(maren, source_id=source, at=at, ends_at=at + timedelta(days=30))
    give(maren, source_id=source, at=at, ends_at=at + timedelta(days=60))
    assert grants.has_access(maren, COURSE, at=at + timedelta(days=45))
    assert names(in_juniper) == ["portal.access_given"]


def test_a_payment_told_again_after_the_refund_gives_nothing_back(maren, in_juniper):
    at, source = clock.now(), uuid4()
    give(maren, source_id=source, at=at)
    grants.end(maren, resource=COURSE, source_kind="commerce.order", source_id=source, at=at)
    give(maren, source_id=source, at=at + timedelta(minutes=1))
    assert not grants.has_access(maren, COURSE, at=at + timedelta(minutes=2))
    assert names(in_juniper) == ["portal.access_given", "portal.access_ended"]


def test_a_refund_told_before_its_payment_counts_too(maren, in_juniper):
    at, source = clock.now(), uuid4()
    grants.end(maren, resource=COURSE, source_kind="commerce.order", source_id=source, at=at)
    give(maren, source_id=source, at=at + timedelta(minutes=1))
    assert not grants.has_access(maren, COURSE, at=at + timedelta(minutes=2))
    assert names(in_juniper) == []


def test_ending_twice_is_told_once(maren, in_juniper):
    at, source = clock.now(), uuid4()
    give(maren, source_id=source, at=at)
    for _time in range(2):
        grants.end(maren, resource=COURSE, source_kind="commerce.order", source_id=source, at=at)
        grants.end_source(source_kind="commerce.order", source_id=source, at=at)
    assert names(in_juniper) == ["portal.access_given", "portal.access_ended"]
    assert Grant.objects.count() == 1


def test_another_business_sees_none_of_it(juniper, acme, in_workspace):
    source = uuid4()
    with in_workspace(juniper):
        give(customer(), source_id=source)
    with in_workspace(acme):
        assert grants.end_source(source_kind="commerce.order", source_id=source, at=clock.now()) == 0
        assert not Grant.objects.exists()
    with in_workspace(juniper):
        assert Grant.objects.get().revoked_at is None
