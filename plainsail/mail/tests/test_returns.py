"""Mail that comes back finds its message, is kept once, and does what it should: no more."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.contacts.models import Import, ImportedContact, Suppression
from plainsail.contacts.queries import timeline
from plainsail.contacts.services import contacts
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Delivery, Feedback, Sender, StrayMail
from plainsail.mail.services import broadcasts, return_paths, returns, verdicts
from plainsail.mail.tests.factories import BroadcastFactory, ContactFactory, subscriber
from plainsail.mail.tests.reports import ORIGINAL, arf, dsn, failed, plain

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HARD = failed("5.1.1", "550 5.1.1 user unknown")
FULL = failed("5.2.2", "552 5.2.2 mailbox full")


def sent(broadcast, contact, *, at=AT, state="accepted", cause=""):
    """A message that left."""
    return Delivery.objects.create(
        stream="marketing",
        source_kind="broadcast",
        source_id=broadcast.id,
        occurrence=str(new_id()),
        recipient_key=contact.id.hex,
        contact_id=contact.id,
        list_id=broadcast.list_id,
        state=state,
        cause=cause,
        due_at=at,
        settled_at=at,
    )


@pytest.fixture
def broadcast(juniper):
    with workspace(juniper):
        return BroadcastFactory(state=Broadcast.State.COMPLETE, started_at=AT - timedelta(days=1))


@pytest.fixture
def maren(juniper, broadcast):
    with workspace(juniper):
        return subscriber(broadcast.list, email="maren@reader.example")


@pytest.fixture
def delivery(juniper, broadcast, maren):
    with workspace(juniper):
        return sent(broadcast, maren)


def path(juniper, delivery):
    return f"b+{return_paths.token(juniper.id, delivery.id)}@bounces.example"


def take(juniper, delivery, raw, *, at=AT + timedelta(minutes=1)):
    return returns.take_in(raw, received_at=at, to=[path(juniper, delivery)])


def reasons(juniper):
    with workspace(juniper):
        return sorted(Suppression.objects.values_list("reason", flat=True))


def effects(juniper):
    with workspace(juniper):
        return list(Feedback.objects.order_by("received_at", "id").values_list("kind", "effect"))


def paused(juniper):
    with workspace(juniper):
        return Sender.objects.exclude(paused_at=None).count()


# --- return paths -----------------------------------------------------------------------------------------------------


@given(st.uuids(), st.uuids())
def test_a_return_path_says_whose_it_is_in_whatever_case(workspace_id, delivery_id):
    token = return_paths.token(workspace_id, delivery_id)
    assert return_paths.read(token.upper().lower()) == (workspace_id, delivery_id)
    assert len(f"b+{token}") == 64


@given(st.uuids(), st.integers(0, 61), st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyz"))
def test_a_forged_return_path_is_none(key, place, digit):
    token = return_paths.token(key, key)
    forged = token[:place] + digit + token[place + 1 :]
    if forged != token:
        with pytest.raises(BadToken):
            return_paths.read(forged)


@pytest.mark.parametrize("given_token", ["", "x" * 62, "z" * 62, "ä" * 62, "0" * 61, "-" * 62, "٣" * 62])
def test_garbage_is_no_return_path(given_token):
    with pytest.raises(BadToken):
        return_paths.read(given_token)


# --- what follows -----------------------------------------------------------------------------------------------------


def test_a_dead_address_is_written_to_no_more(juniper, delivery, maren):
    assert take(juniper, delivery, dsn(HARD)).fate == returns.Fate.KEPT
    assert reasons(juniper) == ["hard_bounce"]
    assert effects(juniper) == [("bounce", "suppressed")]
    with workspace(juniper):
        titles = [entry.title for entry in timeline(maren, before=AT + timedelta(days=1), limit=9).entries]
    assert titles[0] == "A mail came back: the address doesn’t exist. The address is written to no more"


def test_a_complaint_stops_mail_at_once(juniper, delivery):
    original = f"{return_paths.HEADER}: {path(juniper, delivery)}\r\n{ORIGINAL}"
    assert returns.take_in(arf(original=original), received_at=AT).fate == returns.Fate.KEPT
    assert reasons(juniper) == ["complaint"]


def test_a_complaint_is_found_by_the_envelope_that_it_quotes(juniper, delivery):
    raw = arf(fields=f"Original-Mail-From: <{path(juniper, delivery)}>\r\n")
    returns.take_in(raw, received_at=AT)
    assert reasons(juniper) == ["complaint"]


def test_outlooks_junk_report_finds_its_message_and_stops_mail_too(juniper, delivery):
    raw = (
        "From: staff@hotmail.com\r\nTo: fbl@bounces.example\r\nSubject: complaint about message from 192.0.2.1\r\n"
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
        f"X-HmXmrOriginalRecipient: maren@hotmail.com\r\n{return_paths.HEADER}: {path(juniper, delivery)}\r\n"
        "Subject: News\r\n\r\nHello\r\n--x--\r\n"
    )
    assert returns.take_in(raw.encode(), received_at=AT).fate == returns.Fate.KEPT
    assert reasons(juniper) == ["complaint"]


@pytest.mark.parametrize(
    "raw",
    [
        dsn(FULL),
        dsn(failed("4.4.1", "timed out", action="delayed")),
        dsn(failed("5.3.4", "552 5.3.4 message too large")),
        plain(
            "I am away",
            sender="maren@reader.example",
            subject="Out of office",
            extra="Auto-Submitted: auto-replied\r\n",
        ),
        plain("Thanks!", sender="maren@reader.example", subject="Re: News"),
        b"\0\xff" * 1000,
        b"",
    ],
)
def test_nothing_else_blocks_anybody(juniper, delivery, raw):
    assert take(juniper, delivery, raw).fate == returns.Fate.KEPT
    assert (reasons(juniper), paused(juniper)) == ([], 0)


def test_the_same_mail_twice_is_one(juniper, delivery):
    assert take(juniper, delivery, dsn(FULL)).fate == returns.Fate.KEPT
    assert take(juniper, delivery, dsn(FULL)).fate == returns.Fate.REPEATED
    assert effects(juniper) == [("bounce", "counted")]


def test_five_in_a_row_are_too_many(juniper, broadcast, maren):
    for number in range(5):
        with workspace(juniper):
            each = sent(broadcast, maren, at=AT + timedelta(days=number))
        assert reasons(juniper) == []
        take(juniper, each, dsn(FULL), at=AT + timedelta(days=number, hours=1))
    assert reasons(juniper) == ["soft_bounces"]


def test_one_that_arrives_begins_the_count_anew(juniper, broadcast, maren):
    """listmonk#2770: the count of soft bounces never fell back."""
    for number in range(9):
        with workspace(juniper):
            each = sent(broadcast, maren, at=AT + timedelta(days=number))
        if number != 4:
            take(juniper, each, dsn(FULL), at=AT + timedelta(days=number, hours=1))
    assert reasons(juniper) == []


def test_refusals_in_the_conversation_count_too(juniper, broadcast, maren):
    with workspace(juniper):
        for number in range(4):
            sent(broadcast, maren, at=AT + timedelta(days=number), state="failed", cause="soft_recipient")
        last = sent(broadcast, maren, at=AT + timedelta(days=5))
    take(juniper, last, dsn(FULL), at=AT + timedelta(days=6))
    assert reasons(juniper) == ["soft_bounces"]


def test_the_fifth_soft_refusal_in_the_conversation_stops_mail(in_juniper, outbox):
    at = clock.now()
    broadcast = BroadcastFactory()
    contact = subscriber(broadcast.list, email="full@reader.example")
    for number in range(1, 5):
        sent(broadcast, contact, at=at - timedelta(days=number), state="failed", cause="soft_recipient")
    outbox.answers["full@reader.example"] = "552 5.2.2 mailbox full"
    another = BroadcastFactory(list=broadcast.list, sender=broadcast.sender)
    broadcasts.send_now(another, at=at)
    run_jobs(at=at + timedelta(minutes=1))
    assert list(Suppression.objects.values_list("reason", flat=True)) == ["soft_bounces"]


def test_a_hard_bounce_after_a_soft_one_is_heard(juniper, delivery):
    """etailors_amazon_ses#74: one row a channel, and the soft bounce hid the later hard one."""
    take(juniper, delivery, dsn(FULL))
    take(juniper, delivery, dsn(HARD), at=AT + timedelta(hours=1))
    assert reasons(juniper) == ["hard_bounce"]
    assert [effect for _kind, effect in effects(juniper)] == ["counted", "suppressed"]


def test_a_blocked_sender_pauses_and_nobody_loses_an_address(juniper, delivery):
    said = "550 5.7.26 blocked because the sender is unauthenticated"
    take(juniper, delivery, dsn(failed("5.7.26", said)))
    assert (reasons(juniper), paused(juniper)) == ([], 1)
    with workspace(juniper):
        assert Sender.objects.get().pause_reason == said


@pytest.mark.parametrize(
    ("said", "is_paused"),
    [
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", True),
        ("550 5.7.1 messages from [192.0.2.1] weren't sent; part of their network is on our block list (S3150)", True),
        ("554 5.7.1 Message rejected as spam by content filtering", False),
    ],
)
def test_what_one_filter_thinks_of_one_message_stops_nobody(juniper, delivery, said, is_paused):
    take(juniper, delivery, dsn(failed("5.7.1", said)))
    assert (reasons(juniper), bool(paused(juniper))) == ([], is_paused)


def test_one_picky_server_does_not_stop_a_sender_but_three_do(juniper, broadcast):
    for _number in range(3):
        assert paused(juniper) == 0
        with workspace(juniper):
            each = sent(broadcast, ContactFactory())
        take(juniper, each, dsn(failed("5.7.1", "550 5.7.1 Message refused by local policy")))
    assert (reasons(juniper), paused(juniper)) == ([], 1)


def test_somebody_who_moved_keeps_the_new_address(juniper, delivery, maren):
    with workspace(juniper):
        contacts.change_address(maren, email="maren@new.example", at=AT + timedelta(hours=1))
    take(juniper, delivery, dsn(HARD), at=AT + timedelta(hours=2))
    assert reasons(juniper) == []
    assert effects(juniper) == [("bounce", "other_address")]


def test_what_came_back_is_never_changed(juniper, delivery):
    take(juniper, delivery, dsn(HARD))
    for change in ("UPDATE mail_feedback SET effect = 'none'", "DELETE FROM mail_feedback"):
        with workspace(juniper), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(change)
    with workspace(juniper):
        Feedback.objects.update(words="", excerpt="", contact_id=None)


# --- strays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (["b+" + "0" * 62 + "@bounces.example"], "forged"),
        (["fbl@bounces.example"], "no_token"),
        ([], "no_token"),
        (["b+" + return_paths.token(new_id(), new_id()) + "@bounces.example"], "no_workspace"),
    ],
)
def test_what_belongs_to_nobody_is_kept_for_the_operator(to, why):
    raw = dsn(HARD)
    assert returns.take_in(raw, received_at=AT, to=to).why == why
    assert returns.take_in(raw, received_at=AT, to=to).fate == returns.Fate.REPEATED
    assert list(StrayMail.objects.values_list("why", "size")) == [(why, len(raw))]


def test_a_message_that_is_gone_makes_a_stray(juniper):
    to = f"b+{return_paths.token(juniper.id, new_id())}@bounces.example"
    assert returns.take_in(dsn(HARD), received_at=AT, to=[to]).why == "no_delivery"


def test_a_body_can_name_nobody_elses_message(juniper, delivery):
    quoted = plain(f"user unknown {path(juniper, delivery)}", extra="To: fbl@bounces.example\r\n")
    assert returns.take_in(quoted, received_at=AT).fate == returns.Fate.STRAY
    assert reasons(juniper) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(raw=st.binary(max_size=2000))
def test_whatever_comes_ends_as_a_row(juniper, delivery, raw):
    assert take(juniper, delivery, raw).fate in {returns.Fate.KEPT, returns.Fate.REPEATED}
    assert returns.take_in(raw, received_at=AT).fate in {returns.Fate.STRAY, returns.Fate.REPEATED}


def test_a_providers_event_is_the_same_as_a_mail(juniper, delivery):
    row = return_paths.Row(juniper.id, delivery.id)
    verdict = verdicts.of_event("bounced", kind="Permanent", reply="550 5.1.1 user unknown")
    for fate in (returns.Fate.KEPT, returns.Fate.REPEATED):
        assert returns.take_event(row, verdict, event_id="evt_1", received_at=AT).fate == fate
    assert reasons(juniper) == ["hard_bounce"]


# --- brakes -----------------------------------------------------------------------------------------------------------


def test_two_complaints_in_a_thousand_stop_the_sender(juniper, broadcast):
    with workspace(juniper):
        Broadcast.objects.update(accepted=1000)
        people = [sent(broadcast, ContactFactory()) for _number in range(2)]
    for number, each in enumerate(people):
        assert paused(juniper) == 0
        returns.take_in(
            arf(fields=f"Original-Mail-From: <{path(juniper, each)}>\r\n"), received_at=AT + timedelta(minutes=number)
        )
    assert paused(juniper) == 1
    with workspace(juniper):
        assert Sender.objects.get().pause_reason == "2 of 1,000 messages were reported as spam: more than 2 in 1,000."


def test_below_a_thousand_messages_complaints_say_little(juniper, broadcast):
    with workspace(juniper):
        Broadcast.objects.update(accepted=999)
        people = [sent(broadcast, ContactFactory()) for _number in range(5)]
    for each in people:
        returns.take_in(arf(fields=f"Original-Mail-From: <{path(juniper, each)}>\r\n"), received_at=AT)
    assert paused(juniper) == 0


def test_an_import_full_of_dead_addresses_stops_the_sender(juniper, broadcast):
    with workspace(juniper):
        origin = Import.objects.create(name="old-list.csv", created_at=AT - timedelta(days=1))
        rows = []
        for _number in range(100):
            contact = ContactFactory()
            ImportedContact.objects.create(origin=origin, contact_id=contact.id, is_created=True)
            rows.append(sent(broadcast, contact))
    for number, each in enumerate(rows[:3]):
        assert paused(juniper) == 0
        take(juniper, each, dsn(HARD), at=AT + timedelta(minutes=number))
    assert paused(juniper) == 1
    with workspace(juniper):
        assert "3 of 100 addresses from the import “old-list.csv”" in Sender.objects.get().pause_reason


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_bounce_comes_in_at_the_door(juniper, delivery, door):
    with smtplib.SMTP("127.0.0.1", door, timeout=10) as smtp:
        smtp.sendmail("", [path(juniper, delivery)], dsn(HARD))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail("", ["b+" + "0" * 62 + "@bounces.example"], dsn(HARD))
        assert "550" in str(refused.value)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("", ["somebody@bounces.example"], dsn(HARD))
        smtp.sendmail("", ["fbl@bounces.example"], arf())
    assert reasons(juniper) == ["hard_bounce"]
    assert list(StrayMail.objects.values_list("why", flat=True)) == ["no_token"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["lmtp"], indirect=True)
def test_a_mail_server_may_hand_bounces_over_by_lmtp(juniper, delivery, door):
    with smtplib.LMTP("127.0.0.1", door) as lmtp:
        lmtp.sendmail("", [path(juniper, delivery)], dsn(HARD))
    assert reasons(juniper) == ["hard_bounce"]


def test_too_large_a_mail_is_told_so(door):
    with smtplib.SMTP("127.0.0.1", door, timeout=30) as smtp, pytest.raises(smtplib.SMTPSenderRefused) as refused:
        smtp.sendmail("", ["fbl@bounces.example"], b"Subject: x\r\n\r\n" + b"x" * 11_000_000)
    assert refused.value.smtp_code == 552


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_keeps_the_mail_with_its_sender(juniper, delivery, door, monkeypatch):
    def away(*_arguments, **_options):
        raise DatabaseError("gone")

    monkeypatch.setattr(returns, "take_in", away)
    with smtplib.SMTP("127.0.0.1", door, timeout=10) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
        smtp.sendmail("", [path(juniper, delivery)], dsn(HARD))
    assert refused.value.smtp_code == 451


def test_addresses_are_known_by_a_hash_alone(juniper, delivery):
    take(juniper, delivery, dsn(HARD))
    with workspace(juniper):
        assert Suppression.objects.get().address_hash == hashed("maren@reader.example")
