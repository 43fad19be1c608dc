"""What automations know of mails: who got one, opened it, followed a link in it, and who did neither."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from plainsail.automations.models import StepLog
from plainsail.automations.services import asking, entering, flows, running
from plainsail.automations.tests.factories import live
from plainsail.contacts.models import Contact
from plainsail.kernel import clock
from plainsail.mail import vocabulary
from plainsail.mail.models import Broadcast, Delivery
from plainsail.mail.services import emails
from plainsail.mail.tests.factories import BroadcastFactory, ContactFactory, EmailFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def sent(email, contact, *, source_kind="automation", source_id=None, at, **facts):
    """A mail that somebody got."""
    edition = emails.freeze(email)
    return Delivery.objects.create(
        source_kind=source_kind,
        source_id=source_id or email.id,
        recipient_key=contact.id.hex,
        contact_id=contact.id,
        edition=edition,
        state=Delivery.State.ACCEPTED,
        due_at=at,
        settled_at=at,
        **facts,
    )


@pytest.fixture
def people(in_juniper):
    """Who got a mail and did nothing, opened it, followed a link without loading pictures; and somebody who got another one."""
    at, email = clock.now(), EmailFactory(subject="Lesson one")
    found = SimpleNamespace(email=email, at=at)
    for name, facts in {"quiet": {}, "opened": {"opened_at": at}, "clicked": {"clicked_at": at}}.items():
        contact = ContactFactory(first_name=name)
        setattr(found, name, contact)
        sent(email, contact, at=at, **facts)
    sent(EmailFactory(subject="Lesson two"), ContactFactory(first_name="other"), at=at, clicked_at=at)
    return found


def who(people, deed):
    asked = vocabulary.REACTED.holds_for({"email": str(people.email.id), "deed": deed}, people.at)
    return sorted(Contact.objects.filter(asked).values_list("first_name", flat=True))


def test_who_got_it_opened_it_and_followed_a_link_in_it(people):
    assert who(people, "got") == ["clicked", "opened", "quiet"]
    assert who(people, "opened") == ["clicked", "opened"]
    assert who(people, "clicked") == ["clicked"]
    assert vocabulary.REACTED.sentence({"email": str(people.email.id), "deed": "clicked"}) == (
        "Followed a link in “Lesson one”?"
    )


def test_a_wait_until_a_link_is_followed_ends_within_minutes_or_when_its_time_is_over(people, in_juniper):
    question = flows.ask("mail.reacted", {"email": str(people.email.id), "deed": "clicked"})
    flow = flows.build("contacts.contact_created", {}, [flows.wait_until(question, amount=3), flows.wait(50)])
    automation, at = live(flow, at=people.at), people.at
    entries = [entering.Entry(one.id, at, "x") for one in (people.quiet, people.opened, people.clicked)]
    entering.enter_many(automation, entries, at=at)
    running.advance(workspace_id=in_juniper.id, at=at)
    Delivery.objects.filter(contact_id=people.opened.id).update(clicked_at=at + HOUR)
    asking.look(workspace_id=in_juniper.id, at=at + HOUR)
    running.advance(workspace_id=in_juniper.id, at=at + 4 * DAY)
    ended = StepLog.objects.filter(step=flow["steps"][0]["id"]).values_list("run__contact__first_name", "outcome")
    assert dict(ended) == {"quiet": "late", "opened": "met", "clicked": "met"}


@pytest.mark.parametrize(("deed", "expected"), [("", ["quiet"]), ("clicked", ["opened", "quiet"])])
def test_who_left_a_broadcast_unopened_or_followed_no_link_in_it_comes_after_its_hours(in_juniper, deed, expected):
    at = clock.now()
    broadcast = BroadcastFactory()
    Broadcast.objects.filter(id=broadcast.id).update(started_at=at, finished_at=at)
    for name, facts in {"quiet": {}, "opened": {"opened_at": at}, "clicked": {"clicked_at": at}}.items():
        contact = ContactFactory(first_name=name)
        sent(broadcast.email, contact, source_kind="broadcast", source_id=broadcast.id, at=at, **facts)
    config = {"broadcast": str(broadcast.id), "hours": 48, "deed": deed}
    came = vocabulary.left_unopened(in_juniper, config, at + 47 * HOUR, at + 49 * HOUR)
    names = Contact.objects.filter(id__in=[one.contact_id for one in came]).values_list("first_name", flat=True)
    assert sorted(names) == expected
    assert list(vocabulary.left_unopened(in_juniper, config, at + 49 * HOUR, at + 50 * HOUR)) == []


def test_an_opening_is_offered_with_a_warning(in_juniper):
    for kind in (vocabulary.OPENED, vocabulary.UNOPENED, vocabulary.REACTED):
        assert "Some programs open mails by themselves" in kind.form(workspace=in_juniper).as_p()
