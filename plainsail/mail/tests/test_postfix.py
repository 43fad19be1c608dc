"""A broadcast through a real Postfix: what it takes, refuses and bounces is in the books, each by the way it really comes."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from plainsail.contacts.models import Suppression
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock, environment
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast, Feedback
from plainsail.mail.services import broadcasts, reporting, sending
from plainsail.mail.tests import postfix
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.two_processes,
]
READERS = [
    *(f"reader-{number}@taken.example" for number in range(5)),
    "refused@taken.example",
    "ada@gone.example",
    "bo@full.example",
]


@pytest.fixture(autouse=True)
def _needs_postfix():
    """Installed where that is possible (as root on Debian); else the reason is told."""
    if reason := postfix.why_not():
        pytest.skip(reason)


@pytest.mark.parametrize("door", ["lmtp", "smtp"], indirect=True)
def test_what_postfix_takes_refuses_and_bounces_is_told_apart(door, juniper, outbox, monkeypatch, request):
    protocol = request.node.callspec.params["door"]
    outbox.answers = {
        "ada@gone.example": "550 5.1.1 <ada@gone.example>: Recipient address rejected: User unknown",
        "bo@full.example": "552 5.2.2 The email account that you tried to reach is over quota",
    }
    remote = urlsplit(environment.current().smtp_url).port
    with postfix.running(returns="bounces.example", door=door, protocol=protocol, remote=remote) as port:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("BOUNCE_DOMAIN", "bounces.example")
        environment.current.cache_clear()
        try:
            broadcast = left(juniper)
            came_back = wait_for_feedback(juniper, 2)
        finally:
            monkeypatch.undo()
            environment.current.cache_clear()
    # Postfix took those that it bounced later; one it refused at once.
    assert (broadcast.state, broadcast.accepted, broadcast.failed) == (Broadcast.State.COMPLETE, 7, 1)
    assert came_back == {
        "gone.example": ("bounce", "hard", "no_such_mailbox", "5.1.1", "suppressed"),
        "full.example": ("bounce", "soft_recipient", "mailbox_full", "5.2.2", "counted"),
    }
    with workspace(juniper):
        stopped = {each.address_hash: each.reason for each in Suppression.objects.all()}
        assert stopped == {
            hashed("refused@taken.example"): "hard_bounce",
            hashed("ada@gone.example"): "hard_bounce",
        }
        assert {(row.kind, row.reason, row.messages) for row in reporting.report(broadcast).back} == {
            ("bounce", "no_such_mailbox", 1),
            ("bounce", "mailbox_full", 1),
        }


def left(juniper):
    with workspace(juniper):
        news = ListFactory()
        for address in READERS:
            subscriber(news, email=address, address_hash=hashed(address))
        broadcast = BroadcastFactory(list=news, state=Broadcast.State.PREPARING, started_at=clock.now())
        broadcast.edition = broadcasts.emails.freeze(broadcast.email)
        broadcast.save()
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=broadcast.id)
    sending.send.function(workspace_id=juniper.id, source_id=broadcast.id)
    with workspace(juniper):
        broadcast.refresh_from_db()
    return broadcast


def wait_for_feedback(juniper, many):
    """What came in at the door, by domain; it takes Postfix a second or two."""
    for _time in range(300):
        with workspace(juniper):
            rows = list(Feedback.objects.order_by("domain"))
        if len(rows) >= many:
            break
        time.sleep(0.1)
    return {row.domain: (row.kind, row.cause, row.reason, row.status, row.effect) for row in rows}
