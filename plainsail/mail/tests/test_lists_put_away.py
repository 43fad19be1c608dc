"""Lists that are put away: nothing to them leaves, and what is about to leave keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.contacts.services import lists
from plainsail.contacts.services.uses import InUse
from plainsail.kernel import clock
from plainsail.mail.forms import AudienceForm
from plainsail.mail.services import broadcasts, checks
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db


def test_a_list_can_not_be_put_away_while_something_to_it_is_leaving_and_a_draft_says_that_it_is(in_juniper, outbox):
    news = ListFactory(name="Kiln news", is_default=True)
    subscriber(news)
    broadcast = BroadcastFactory(list=news)
    draft = BroadcastFactory(list=news, sender=broadcast.sender)
    broadcasts.schedule(broadcast, departs_at=clock.now() + timedelta(hours=1), at=clock.now())
    with pytest.raises(InUse, match="Broadcast"):
        lists.archive(news, at=clock.now())
    broadcasts.stop(broadcast, at=clock.now())
    lists.archive(news, at=clock.now())
    draft.refresh_from_db()
    faults = [str(check.title) for check in checks.review(draft, at=clock.now()) if check.is_blocking]
    assert faults == ["The list is put away"]
    with pytest.raises(broadcasts.NotReady):
        broadcasts.send_now(draft, at=clock.now())


def test_no_other_list_stands_in_for_one_that_is_put_away(in_juniper):
    news, _other = ListFactory(name="News", slug="news"), ListFactory(name="Other", slug="other")
    offered = AudienceForm(workspace=in_juniper, initial={"topic": news.id}).fields["topic"].choices
    assert [str(label) for _key, label in offered] == ["News", "Other"]
    lists.archive(news, at=clock.now())
    offered = AudienceForm(workspace=in_juniper, initial={"topic": news.id}).fields["topic"].choices
    assert [str(label) for _key, label in offered] == ["Choose a list", "Other"]
