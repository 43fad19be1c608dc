"""Nothing leaves faster than a sender, a new domain or a mailbox provider bears."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from plainsail.automations.sockets import Work
from plainsail.contacts.services import engagement
from plainsail.kernel import clock
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Bucket, Delivery, Sender
from plainsail.mail.services import broadcasts, buckets, exchanges, senders, steps, transactional
from plainsail.mail.services.buckets import RAMP, Limits
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_dns(monkeypatch):
    monkeypatch.setattr(exchanges, "provider_of", lambda domain: domain)


@pytest.fixture
def broadcast(in_juniper):
    return BroadcastFactory(list=ListFactory(name="Kiln news"))


def noon():
    """A moment far from midnight, whose day the limits count by."""
    return clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + DAY


def leave(broadcast, *, at):
    with clock.fixed(at - 2 * MINUTE):
        broadcasts.send_now(broadcast, at=at - 2 * MINUTE)
        run_jobs(at=at)


def accepted():
    return Delivery.objects.filter(state="accepted").count()


def test_a_warm_up_grows_day_by_day_and_the_daily_limit_stays_the_limit():
    since = date(2026, 3, 1)
    limits = Limits(most_a_day=3000, warms_up_since=since)
    found = [limits.most_on(since + n * DAY) for n in range(8)]
    assert found == [50, 100, 250, 500, 1000, 2000, 3000, 3000]
    assert Limits(warms_up_since=since).most_on(since + len(RAMP) * DAY) is None
    assert Limits().most_on(since) is None


def test_while_a_sender_warms_up_those_who_read_lately_get_it_first(broadcast, outbox):
    readers = [subscriber(broadcast.list) for _number in range(60)]
    at = noon()
    engagement.note("clicked", {reader.id: at - 10 * DAY for reader in readers[40:]})
    engagement.note("clicked", {readers[0].id: at - 100 * DAY})
    Sender.objects.update(warms_up_since=at.date())
    leave(broadcast, at=at)
    assert sorted(outbox.recipients) == sorted(reader.email for reader in (*readers[:30], *readers[40:]))


def test_what_does_not_fit_into_a_day_leaves_on_the_next(broadcast, outbox):
    for _number in range(60):
        subscriber(broadcast.list)
    at = noon()
    Sender.objects.update(warms_up_since=at.date())
    leave(broadcast, at=at)
    assert accepted() == RAMP[0] == 50
    run_jobs(at=at + 6 * HOUR)
    assert accepted() == 50
    run_jobs(at=at + 13 * HOUR)
    broadcast.refresh_from_db()
    assert (accepted(), broadcast.state) == (60, Broadcast.State.COMPLETE)


def test_an_hourly_limit_is_kept_minute_by_minute(broadcast, outbox):
    for _number in range(6):
        subscriber(broadcast.list)
    Sender.objects.update(most_an_hour=120)
    at = noon()
    leave(broadcast, at=at)
    counts = [accepted()]
    for minute in range(1, 4):
        run_jobs(at=at + minute * MINUTE)
        counts.append(accepted())
    assert counts == [2, 4, 6, 6]


def test_a_limit_for_each_provider_holds_back_only_its_own(broadcast, outbox):
    for number in range(4):
        subscriber(broadcast.list, email=f"r{number}@big.example")
    subscriber(broadcast.list, email="one@small.example")
    Sender.objects.update(most_an_hour_each=60)
    at = noon()
    leave(broadcast, at=at)
    assert sorted(address.rpartition("@")[2] for address in outbox.recipients) == ["big.example", "small.example"]
    for minute in range(1, 5):
        run_jobs(at=at + minute * MINUTE)
    broadcast.refresh_from_db()
    assert (accepted(), broadcast.state) == (5, Broadcast.State.COMPLETE)


def test_domains_of_one_provider_share_its_limit(broadcast, outbox):
    subscriber(broadcast.list, email="a@first.example")
    subscriber(broadcast.list, email="b@second.example")
    at = noon()
    exchanges.keep({"first.example": "big.test", "second.example": "big.test"}, at=at)
    Sender.objects.update(most_an_hour_each=60)
    leave(broadcast, at=at)
    assert accepted() == 1


def test_a_provider_that_asks_for_it_is_left_alone_longer_each_time_and_no_attempt_is_counted(broadcast, outbox):
    for number in range(8):
        outbox.answers[f"r{number}@busy.example"] = "451 4.7.1 slow down"
        subscriber(broadcast.list, email=f"r{number}@busy.example")
    subscriber(broadcast.list, email="fine@calm.example")
    at = noon()
    leave(broadcast, at=at)
    assert outbox.recipients == ["fine@calm.example"]
    bucket = Bucket.objects.get(provider="busy.example")
    assert (bucket.strikes, bucket.blocked_until) == (1, at + MINUTE)
    assert set(Delivery.objects.filter(state="queued").values_list("attempts", flat=True)) == {0}
    again = at + 5 * MINUTE
    run_jobs(at=again)
    bucket.refresh_from_db()
    assert (bucket.strikes, bucket.blocked_until) == (2, again + 2 * MINUTE)
    outbox.answers.clear()
    run_jobs(at=at + 3 * HOUR)
    bucket.refresh_from_db()
    assert (accepted(), bucket.strikes) == (9, 0)


class TestAutomations:
    """Their mails leave in the same sender's name, so they come out of the same allowance."""

    @pytest.fixture
    def topic(self, in_juniper):
        senders.default()
        return ListFactory()

    def write_to(self, readers, topic, *, at):
        email = EmailFactory()
        config = steps.freeze({"email": str(email.id), "list": str(topic.id)})
        work = [Work(reader.id, f"run-{number}") for number, reader in enumerate(readers)]
        assert steps.send_many(work, config, at) == {}
        run_jobs(at=at)

    def test_a_warm_up_holds_for_them_too_and_the_rest_leaves_on_the_next_day(self, topic, outbox):
        at = noon()
        Sender.objects.update(warms_up_since=at.date())
        self.write_to([subscriber(topic) for _number in range(60)], topic, at=at)
        assert accepted() == RAMP[0] == 50
        run_jobs(at=at + 6 * HOUR)
        assert accepted() == 50
        run_jobs(at=at + 13 * HOUR)
        assert accepted() == 60

    def test_a_broadcast_of_the_same_day_gets_what_they_left(self, topic, outbox):
        at = noon()
        Sender.objects.update(most_a_day=5)
        readers = [subscriber(topic) for _number in range(3)]
        self.write_to(readers, topic, at=at)
        broadcast = BroadcastFactory(list=topic, sender=Sender.objects.get())
        leave(broadcast, at=at + 5 * MINUTE)
        assert accepted() == 5

    def test_a_provider_that_asks_for_it_is_left_alone_and_the_others_get_theirs(self, topic, outbox):
        busy = [subscriber(topic, email=f"r{number}@busy.example") for number in range(3)]
        for reader in busy:
            outbox.answers[reader.email] = "451 4.7.1 slow down"
        at = noon()
        self.write_to(busy, topic, at=at)
        assert Bucket.objects.get(provider="busy.example").blocked_until == at + MINUTE
        later = subscriber(topic, email="later@busy.example")
        self.write_to([later, subscriber(topic, email="fine@calm.example")], topic, at=at + MINUTE / 2)
        assert outbox.recipients == ["fine@calm.example"]
        outbox.answers.clear()
        run_jobs(at=at + 10 * MINUTE)
        assert accepted() == 5

    def test_a_limit_for_each_provider_holds(self, topic, outbox):
        Sender.objects.update(most_an_hour_each=60)
        self.write_to([subscriber(topic) for _number in range(3)], topic, at=noon())
        assert accepted() == 1

    def test_what_is_owed_to_one_person_leaves_all_the_same(self, topic, outbox):
        at = noon()
        Sender.objects.update(most_a_day=1)
        self.write_to([subscriber(topic) for _number in range(3)], topic, at=at)
        transactional.send("order_receipt", to="x@example.com", subject="Receipt", text="Paid", key="1", at=at)
        run_jobs(at=at)
        assert [message["Subject"] for message in outbox.to("x@example.com")] == ["Receipt"]
        assert accepted() == 2


def test_leave_that_was_not_used_is_given_back(broadcast):
    Sender.objects.update(most_a_day=100)
    at, sender = noon(), broadcast.sender
    with connection.cursor() as cursor:
        assert buckets.allowed(cursor, broadcast.workspace_id, sender.id, 80, at=at).many == 80
        assert buckets.allowed(cursor, broadcast.workspace_id, sender.id, 80, at=at).many == 20
        assert buckets.allowed(cursor, broadcast.workspace_id, sender.id, 80, at=at).many == 0
        buckets.give_back(cursor, broadcast.workspace_id, sender.id, 30, at=at)
        assert buckets.allowed(cursor, broadcast.workspace_id, sender.id, 80, at=at).many == 30
        assert buckets.allowed(cursor, broadcast.workspace_id, sender.id, 80, at=at + DAY).many == 80


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("421 too many connections", True),
        ("451 4.7.1 slow down", True),
        ("450 4.2.1 mailbox busy", False),
        ("452 4.2.2 mailbox full", False),
    ],
)
def test_only_some_words_mean_that_a_provider_wants_less(reply, expected):
    assert buckets.wants_less(reply) is expected


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("gmail-smtp-in.l.google.com", "google.com"),
        ("mx1.example.co.uk", "example.co.uk"),
        ("mx.web.de", "web.de"),
        ("localhost", "localhost"),
    ],
)
def test_a_mail_exchanger_tells_whose_it_is(host, owner):
    assert exchanges.owner_of(host) == owner


def test_only_domains_that_nobody_asked_about_are_looked_up(broadcast, outbox):
    for number in range(3):
        subscriber(broadcast.list, email=f"r{number}@often.example")
    subscriber(broadcast.list, email="r@once.example")
    subscriber(broadcast.list, email="r@known.example")
    at = noon()
    exchanges.keep({"known.example": "big.test"}, at=at)
    leave(broadcast, at=at)
    assert dict(broadcast.workspace.mail_exchanges.order_by("domain").values_list("domain", "provider")) == {
        "known.example": "big.test",
        "often.example": "often.example",
        "once.example": "once.example",
    }
    assert exchanges.unknown_domains(broadcast.id, at=at) == []
    assert exchanges.unknown_domains(broadcast.id, at=at + 31 * DAY) == [
        "often.example",
        "known.example",
        "once.example",
    ]
