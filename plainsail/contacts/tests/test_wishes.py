"""What a reader may ask for besides lists: each button does one thing, without signing in, cookies or JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import Contact, ErasureRequest, List, ListMember, MailPause, Task
from plainsail.contacts.services import consent, contacts, links, lists, wishes
from plainsail.contacts.services.merging import merge
from plainsail.kernel import clock
from plainsail.kernel.models import Due
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.web import Browser

pytestmark = pytest.mark.django_db

MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def open_business(juniper):
    with workspace(juniper), clock.fixed(MAY):
        yield juniper


@pytest.fixture
def topic(open_business) -> List:
    return lists.default(open_business, at=MAY)


@pytest.fixture
def maren(open_business, topic) -> Contact:
    contact = contacts.find_or_create(email="maren@example.com", source="", at=MAY)
    ListMember.objects.create(contact=contact, list=topic, state="subscribed", changed_at=MAY)
    return contact


@pytest.fixture
def press(open_business, maren):
    """Press a button of her page, as a browser without cookies does; gives the page."""
    path = "/" + links.preferences_url(open_business, maren.id).split("/", 3)[3]
    browser = Browser(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})

    def press(**values):
        answer = browser.post(path, values) if values else browser.get(path)
        assert answer.status_code == 200
        assert not answer.cookies
        return answer.content.decode()

    return press


def may(maren, topic):
    set_form = Contact.objects.mailable(topic).filter(id=maren.id).exists()
    verdict = queries.may_receive(maren, topic)
    assert verdict.allowed == set_form
    return verdict.reason


def test_a_pause_ends_by_itself(maren, topic, press):
    assert "4 weeks" in press()
    assert "no letters before" in press(pause="4")
    assert may(maren, topic) == "paused"
    assert queries.may_receive(maren, None).allowed
    due_at = Due.objects.get(kind=wishes.PAUSES).due_at
    assert due_at == MAY + timedelta(weeks=4)
    assert wishes.end_pauses(at=due_at - timedelta(seconds=1)) == due_at
    assert may(maren, topic) == "paused"
    assert wishes.end_pauses(at=due_at) is None
    assert may(maren, topic) == ""


def test_a_pause_is_taken_back_and_asked_for_anew(maren, topic, press):
    press(pause="2")
    press(pause="12")
    assert MailPause.objects.get().until == MAY + timedelta(weeks=12)
    assert "Write to me again now" in press()
    press(go_on="1")
    assert may(maren, topic) == ""
    assert ListMember.objects.get().state == "subscribed"


@pytest.mark.parametrize("weeks", ["1", "-4", "9999", "x", "💥"])
def test_a_pause_that_is_not_offered_is_none(maren, topic, press, weeks):
    press(pause=weeks, list=str(topic.id))
    assert may(maren, topic) == ""


def test_erasing_asks_once_more_and_then_stops_mail_and_tells_an_owner(maren, topic, press, ada):
    page = press(erase="1")
    assert "Yes, erase me" in page
    assert '<a href="?"' in page.split("Yes, erase me")[1]
    assert (ErasureRequest.objects.count(), may(maren, topic)) == (0, "")
    for _twice in range(2):
        assert "was asked to erase" in press(erase="1", sure="1")
    assert may(maren, topic) == "suppressed:unsubscribed"
    task = Task.objects.get()
    assert (task.contact, task.assignee, task.author) == (maren, ada, None)
    assert (task.due_on - MAY.date()).days == 28
    assert ErasureRequest.objects.count() == 1


def test_looking_at_the_page_changes_nothing(maren, topic, press):
    press()
    assert (MailPause.objects.count(), ErasureRequest.objects.count(), may(maren, topic)) == (0, 0, "")


def test_a_pause_goes_along_when_two_contacts_become_one(maren, topic):
    other = contacts.find_or_create(email="m.thiessen@example.com", source="", at=MAY)
    wishes.pause(other, weeks=4, at=MAY)
    merge(maren, other, at=MAY)
    assert may(maren, topic) == "paused"


def test_stopping_all_mail_holds_however_long_a_pause_is(maren, topic, press):
    press(pause="2")
    press(stop="1")
    wishes.end_pauses(at=MAY + timedelta(weeks=3))
    assert may(maren, topic) == "suppressed:unsubscribed"
    assert not consent.confirm(ListMember.objects.get(), at=MAY) or may(maren, topic) == ""
