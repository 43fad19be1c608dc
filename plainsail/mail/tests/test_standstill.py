"""A broadcast that stands still says why: nobody has to guess whether it is broken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from plainsail.kernel import clock
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Sender
from plainsail.mail.services import broadcasts, exchanges, standstill
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_dns(monkeypatch):
    monkeypatch.setattr(exchanges, "provider_of", lambda domain: domain)


@pytest.fixture
def broadcast(in_juniper):
    made = BroadcastFactory(list=ListFactory())
    for _number in range(3):
        subscriber(made.list)
    return made


@pytest.fixture
def worker(db):
    """A worker that beats, also a day from now."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '2 days')")


def noon():
    return clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + DAY


def leave(broadcast, *, at):
    with clock.fixed(at - 2 * MINUTE):
        broadcasts.send_now(broadcast, at=at - 2 * MINUTE)
        run_jobs(at=at)
    broadcast.refresh_from_db()


def said(broadcast, *, at):
    return standstill.reasons(broadcast, zone="Europe/Berlin", at=at)


def test_a_mail_server_that_puts_everything_off_is_quoted(broadcast, outbox, worker):
    for contact in broadcast.workspace.contacts.all():
        outbox.answers[contact.email] = "450 4.3.2 system not accepting messages"
    at = noon()
    leave(broadcast, at=at)
    [reason] = said(broadcast, at=at)
    assert reason.endswith("It said: 450 4.3.2 system not accepting messages")
    outbox.answers.clear()
    run_jobs(at=at + 5 * MINUTE)
    broadcast.refresh_from_db()
    assert (broadcast.state, said(broadcast, at=at + 5 * MINUTE)) == (broadcast.State.COMPLETE, [])


def test_a_limit_that_is_used_up_says_until_when(broadcast, outbox, worker):
    Sender.objects.update(most_a_day=2)
    at = noon()
    leave(broadcast, at=at)
    later = at + timedelta(hours=1)
    [reason] = said(broadcast, at=later)
    assert reason.startswith("The sender may write 2 messages today, and has. The others leave from ")


def test_without_a_worker_that_is_the_reason(broadcast, outbox):
    Sender.objects.update(most_a_day=2)
    at = noon()
    leave(broadcast, at=at)
    [reason] = said(broadcast, at=at + timedelta(hours=1))
    assert reason.startswith("The worker that sends mail is not running")


def test_one_that_is_paused_or_only_a_draft_needs_no_reason(broadcast, outbox, worker):
    at = noon()
    assert said(broadcast, at=at) == []
    Sender.objects.update(most_a_day=2)
    leave(broadcast, at=at)
    broadcasts.pause(broadcast, at=at)
    broadcast.refresh_from_db()
    assert said(broadcast, at=at + timedelta(hours=1)) == []
