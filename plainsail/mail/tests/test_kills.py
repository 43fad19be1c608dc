"""What a worker leaves that dies early is finished by the next. The kills themselves are in `tests/test_mail_kills.py`."""

from __future__ import annotations

import pytest

from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast
from plainsail.mail.services import broadcasts, sending
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes]


def test_a_kill_while_the_audience_is_written_leaves_a_list_that_is_finished_later(juniper, outbox):
    with workspace(juniper):
        news = ListFactory()
        for number in range(20):
            subscriber(news, email=f"reader-{number}@example.com")
        broadcast = BroadcastFactory(list=news, state=Broadcast.State.PREPARING)
        broadcast.edition = broadcasts.emails.freeze(broadcast.email)
        broadcast.save()
        # As a worker leaves it that dies after its first commit.
        broadcasts.audience.write_chunk(broadcast, at=clock.now(), limit=8)
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=broadcast.id)
    sending.send.function(workspace_id=juniper.id, source_id=broadcast.id)
    with workspace(juniper):
        broadcast.refresh_from_db()
    assert sorted(outbox.recipients) == sorted(f"reader-{number}@example.com" for number in range(20))
    assert (broadcast.state, broadcast.audience, broadcast.accepted) == (Broadcast.State.COMPLETE, 20, 20)
