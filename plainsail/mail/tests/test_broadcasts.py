"""One mail to many: held, written down, sent once to everybody who may get it, and complete when the books balance."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Count

from plainsail.blocks.services import histories, operations
from plainsail.contacts.models import ListMember, Suppression
from plainsail.contacts.services import consent, suppression
from plainsail.kernel import clock
from plainsail.kernel.testing import run_jobs
from plainsail.mail import queries
from plainsail.mail.models import Broadcast, Delivery, Sender
from plainsail.mail.services import (
    audience,
    broadcasts,
    checks,
    editing,
    emails,
    gate,
    reporting,
    return_paths,
    returns,
    verdicts,
)
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, document, subscriber

pytestmark = pytest.mark.django_db
State, Fate = Broadcast.State, Delivery.State
MINUTE = timedelta(minutes=1)


@pytest.fixture
def news(in_juniper):
    return ListFactory(name="Kiln news", is_default=True)


@pytest.fixture
def broadcast(news):
    return BroadcastFactory(list=news)


def books(broadcast):
    broadcast.refresh_from_db()
    counted = dict(
        Delivery.objects.filter(source_id=broadcast.id).order_by().values_list("state").annotate(n=Count("id"))
    )
    assert broadcast.audience == sum(counted.values())
    for name in ("accepted", "failed", "suppressed", "excluded", "uncertain"):
        assert getattr(broadcast, name) == counted.get(name, 0), name
    return counted


def send(broadcast, *, at=None):
    at = at or clock.now()
    broadcasts.send_now(broadcast, at=at)
    run_jobs(at=at + MINUTE)
    broadcast.refresh_from_db()
    return broadcast


def test_everybody_on_the_list_gets_it_once(broadcast, news, outbox):
    readers = [subscriber(news) for _number in range(60)]
    send(broadcast)
    assert sorted(outbox.recipients) == sorted(reader.email for reader in readers)
    assert broadcast.state == State.COMPLETE
    assert books(broadcast) == {"accepted": 60}


def test_each_message_speaks_to_its_reader(broadcast, news, outbox):
    subscriber(news, email="ada@example.com", first_name="Ada")
    subscriber(news, email="bo@example.com", first_name="")
    send(broadcast)
    [ada], [bo] = outbox.to("ada@example.com"), outbox.to("bo@example.com")
    assert "Dear Ada," in ada.get_body(("plain",)).get_content()
    assert "Dear friend," in bo.get_body(("plain",)).get_content()
    assert "Mill Lane 4, 25980 Westerland" in ada.get_body(("plain",)).get_content()


def test_the_line_beside_the_subject_is_shown_as_inboxes_show_it(broadcast):
    broadcast.email.preheader = "For {{first_name|you}} alone {{city}}"
    assert broadcast.email.preview_text == "For you alone"


def test_nothing_leaves_within_the_first_minute_and_stopping_makes_it_a_draft_again(broadcast, news, outbox):
    subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    run_jobs(at=at + timedelta(seconds=59))
    broadcast.refresh_from_db()
    assert (broadcast.state, outbox) == (State.HOLDING, [])
    broadcasts.stop(broadcast, at=at + timedelta(seconds=59))
    run_jobs(at=at + timedelta(hours=1))
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.scheduled_at, outbox) == (State.DRAFT, None, [])


def test_a_scheduled_broadcast_leaves_at_its_time(broadcast, news, outbox):
    subscriber(news)
    at = clock.now()
    broadcasts.schedule(broadcast, departs_at=at + timedelta(days=2), at=at)
    run_jobs(at=at + timedelta(days=1, hours=23))
    assert outbox == []
    run_jobs(at=at + timedelta(days=2))
    assert len(outbox) == 1


def test_the_past_is_no_time_to_leave(broadcast, news):
    subscriber(news)
    with pytest.raises(broadcasts.InThePast):
        broadcasts.schedule(broadcast, departs_at=clock.now() - MINUTE, at=clock.now())


def test_people_without_consent_never_enter_the_audience(broadcast, news, outbox):
    subscriber(news, email="yes@example.com")
    pending = subscriber(news)
    ListMember.objects.filter(contact=pending).update(state=ListMember.State.PENDING)
    left = subscriber(news)
    consent.withdraw(left, news, at=clock.now())
    bounced = subscriber(news)
    suppression.add(bounced, reason=Suppression.Reason.HARD_BOUNCE, at=clock.now())
    subscriber(ListFactory(name="Another"))
    send(broadcast)
    assert outbox.recipients == ["yes@example.com"]
    assert books(broadcast) == {"accepted": 1}


def test_whoever_leaves_after_the_audience_is_written_is_left_out_and_counted(broadcast, news, outbox):
    stays, leaves, complains, deleted = (subscriber(news) for _number in range(4))
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcast.refresh_from_db()
    assert not audience.write_chunk(broadcast, at=at + MINUTE)
    Broadcast.objects.update(state=State.SENDING)
    consent.withdraw(leaves, news, at=at)
    suppression.add(complains, reason=Suppression.Reason.COMPLAINT, at=at)
    deleted.deleted_at = at
    deleted.save()
    run_jobs(at=at + MINUTE)
    broadcasts.sending.wake(broadcast.id, at=at)
    run_jobs(at=at + 2 * MINUTE)
    assert outbox.recipients == [stays.email]
    assert books(broadcast) == {"accepted": 1, "excluded": 2, "suppressed": 1}
    assert broadcast.state == State.COMPLETE
    reasons = dict(Delivery.objects.exclude(state=Fate.ACCEPTED).values_list("contact_id", "cause"))
    assert reasons == {leaves.id: "no_consent", complains.id: "complaint", deleted.id: "no_contact"}


def test_writing_the_audience_again_adds_nobody_twice(broadcast, news):
    readers = [subscriber(news) for _number in range(7)]
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcast.refresh_from_db()
    rounds = 1
    while audience.write_chunk(broadcast, at=at, limit=2):
        rounds += 1
    assert (rounds, broadcast.audience, Delivery.objects.count()) == (4, 7, 7)
    broadcast.prepared_to = None
    assert not audience.write_chunk(broadcast, at=at)
    assert (broadcast.audience, Delivery.objects.count()) == (7, len(readers))
    assert all(row.id.version == 7 for row in Delivery.objects.all())


def test_stopping_leaves_out_all_who_wait_and_the_books_still_balance(broadcast, news, outbox):
    for _number in range(5):
        subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcasts.prepare.function(workspace_id=broadcast.workspace_id, broadcast_id=broadcast.id)
    broadcasts.stop(broadcast, at=at + MINUTE)
    run_jobs(at=at + 2 * MINUTE)
    assert outbox == []
    assert books(broadcast) == {"excluded": 5}
    assert (broadcast.state, broadcast.is_balanced) == (State.STOPPED, True)


def test_what_is_over_cannot_be_stopped_changed_deleted_or_sent_again(broadcast, news, outbox):
    subscriber(news)
    send(broadcast)
    at = clock.now()
    with pytest.raises(broadcasts.NothingToStop):
        broadcasts.stop(broadcast, at=at)
    with pytest.raises(broadcasts.NotADraft):
        broadcasts.send_now(broadcast, at=at)
    with pytest.raises(broadcasts.NotADraft):
        broadcasts.delete(broadcast)
    with pytest.raises(emails.OnItsWay):
        editing.head(broadcast.email, subject="Other", preheader="", at=at)
    run_jobs(at=at + timedelta(days=1))
    assert len(outbox) == 1


def test_refusals_are_sorted_by_what_they_mean(broadcast, news, outbox):
    gone, full, fine = (subscriber(news) for _number in range(3))
    outbox.answers[gone.email] = "550 5.1.1 user unknown"
    outbox.answers[full.email] = "552 5.2.2 mailbox full"
    send(broadcast)
    assert books(broadcast) == {"accepted": 1, "failed": 2}
    assert dict(Delivery.objects.values_list("contact_id", "cause")) == {
        gone.id: "hard",
        full.id: "soft_recipient",
        fine.id: "",
    }
    assert list(Suppression.objects.values_list("address_hash", "reason")) == [(gone.address_hash, "hard_bounce")]


def test_a_server_that_refuses_the_sender_pauses_it_and_costs_no_reader_anything(broadcast, news, outbox):
    for reader in [subscriber(news) for _number in range(40)]:
        outbox.answers[reader.email] = "550 5.7.1 your IP is on a blocklist"
    send(broadcast)
    assert Sender.objects.get(id=broadcast.sender_id).is_paused
    assert not Suppression.objects.exists()
    counted = books(broadcast)
    assert counted == {"failed": 3, "queued": 37}
    assert broadcast.state == State.SENDING
    outbox.answers.clear()
    at = clock.now()
    broadcasts.resume_sender(broadcast, at=at)
    run_jobs(at=at + timedelta(minutes=10))
    assert books(broadcast) == {"failed": 3, "accepted": 37}
    assert broadcast.state == State.COMPLETE


def test_those_put_off_are_tried_again_and_only_then_it_is_complete(broadcast, news, outbox):
    busy, fine = subscriber(news), subscriber(news)
    outbox.answers[busy.email] = "421 4.7.0 too many connections"
    at = clock.now()
    send(broadcast, at=at)
    assert broadcast.state == State.SENDING
    outbox.answers.clear()
    run_jobs(at=at + timedelta(hours=1))
    assert sorted(outbox.recipients) == sorted([busy.email, fine.email])
    assert books(broadcast) == {"accepted": 2}
    assert broadcast.state == State.COMPLETE


@pytest.mark.parametrize("waited", [timedelta(hours=1), timedelta(days=10)])
def test_how_long_it_lay_in_a_pause_is_not_held_against_a_message_that_a_server_then_puts_off(
    broadcast, news, outbox, waited
):
    """The three days of patience begin with the first try: a warm-up or a pause may take weeks before that."""
    reader = subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    Sender.objects.filter(id=broadcast.sender_id).update(paused_at=at)
    run_jobs(at=at + MINUTE)
    broadcast.refresh_from_db()
    assert books(broadcast) == {"queued": 1}
    outbox.answers[reader.email] = "450 4.2.0 greylisted, come back in five minutes"
    later = at + waited
    with clock.fixed(later):
        broadcasts.resume_sender(broadcast, at=later)
        run_jobs(at=later)
    broadcast.refresh_from_db()
    assert books(broadcast) == {"queued": 1}
    outbox.answers.clear()
    run_jobs(at=later + timedelta(minutes=2))
    broadcast.refresh_from_db()
    assert (books(broadcast), broadcast.state) == ({"accepted": 1}, State.COMPLETE)


def test_a_worker_lost_while_handing_over_leaves_uncertain_rows_that_only_a_person_sends_again(broadcast, news, outbox):
    readers = [subscriber(news) for _number in range(3)]
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcasts.prepare.function(workspace_id=broadcast.workspace_id, broadcast_id=broadcast.id)
    broadcasts.sending.take(broadcast.id, at=at + MINUTE)
    run_jobs(at=at + timedelta(hours=1))
    assert outbox == []
    assert books(broadcast) == {"uncertain": 3}
    assert broadcast.state == State.COMPLETE
    run_jobs(at=at + timedelta(days=1))
    assert outbox == []
    assert broadcasts.resend_uncertain(broadcast, at=at + timedelta(days=1)) == 3
    run_jobs(at=at + timedelta(days=1))
    assert sorted(outbox.recipients) == sorted(reader.email for reader in readers)
    assert books(broadcast) == {"accepted": 3}


def test_a_lost_worker_that_comes_back_with_the_truth_is_believed(broadcast, news, outbox):
    subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcasts.prepare.function(workspace_id=broadcast.workspace_id, broadcast_id=broadcast.id)
    work = broadcasts.sending.take(broadcast.id, at=at + MINUTE)
    run_jobs(at=at + timedelta(hours=1))
    assert books(broadcast) == {"uncertain": 1}
    [letter] = work.letters
    outcome = broadcasts.sending.Outcome(delivery_id=letter.delivery.id, state=Fate.ACCEPTED, reply="250 ok")
    broadcasts.sending.settle(broadcast.workspace_id, work, [outcome])
    assert books(broadcast) == {"accepted": 1}


def test_what_leaves_is_what_stood_there_when_it_was_released(broadcast, news, outbox):
    subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    with pytest.raises(emails.OnItsWay):
        editing.apply(broadcast.email, [{"op": "add", "type": "divider", "at": 0}], revision=0, at=at)
    run_jobs(at=at + MINUTE)
    assert outbox[0]["Subject"] == "News from the kiln"


@pytest.mark.parametrize(
    ("spoil", "title"),
    [
        (lambda b: setattr(b.email, "subject", "") or b.email.save(), "The subject is missing"),
        (lambda b: setattr(b, "list", None) or b.save(), "Nobody is chosen"),
        (lambda b: b.list.members.all().delete(), "Nobody would get it"),
        (lambda b: Sender.objects.update(paused_at=clock.now()), "The sender is paused"),
        (lambda b: b.workspace.__class__.objects.update(postal_address=" "), "Your postal address is missing"),
    ],
)
def test_it_does_not_leave_while_something_is_wrong(broadcast, news, spoil, title):
    subscriber(news)
    spoil(broadcast)
    fresh = Broadcast.objects.get(id=broadcast.id)
    assert [str(check.title) for check in checks.review(fresh, at=clock.now()) if check.is_blocking] == [title]
    with pytest.raises(broadcasts.NotReady):
        broadcasts.send_now(fresh, at=clock.now())


def test_links_into_a_page_are_pointed_out(news):
    subscriber(news)
    made = broadcasts.create(document(link="#form"), subject="Hello", topic=news, at=clock.now())
    assert "A link leads nowhere" in [str(check.title) for check in checks.review(made, at=clock.now())]


def test_undo_goes_on_before_a_change_that_stands(broadcast):
    at, email = clock.now(), broadcast.email
    block = email.read().blocks[1]
    for revision, words in enumerate(("Come by", "Look in")):
        edit = {"op": "set", "block": block.id, "path": ["button"], "value": words}
        editing.apply(email, [edit], revision=revision, at=at)

    editing.pass_over(email, at=at)

    email.refresh_from_db()
    assert (email.read().blocks[1].props["button"], queries.undoable(email, None)[0]) == ("Look in", 1)


def test_edits_can_be_undone_and_redone(broadcast):
    at, email = clock.now(), broadcast.email
    block = email.read().blocks[1]
    edit = {"op": "set", "block": block.id, "path": ["button"], "value": "Come by"}
    editing.apply(email, [edit], revision=0, at=at)
    editing.undo(email, revision=1, at=at)
    email.refresh_from_db()
    assert (email.read().blocks[1].props["button"], queries.undoable(email, None)) == ("Read on", (0, 1))
    editing.redo(email, revision=2, at=at)
    email.refresh_from_db()
    assert (email.read().blocks[1].props["button"], email.revision) == ("Come by", 3)
    (met,) = editing.apply(email, [edit | {"value": "Look in"}], revision=2, at=at).met
    assert met.operation["value"] == "Look in"
    with pytest.raises(emails.Stale):
        editing.apply(email, [edit], revision=4, at=at)
    with pytest.raises(histories.NothingToUndo):
        editing.redo(email, revision=3, at=at)


def test_a_mail_takes_no_section_that_only_pages_have(broadcast):
    with pytest.raises(operations.InvalidOperation):
        editing.apply(broadcast.email, [{"op": "add", "type": "form", "at": 0}], revision=0, at=clock.now())


def test_a_copy_is_a_draft_of_its_own(broadcast, news, outbox):
    subscriber(news)
    send(broadcast)
    again = broadcasts.copy(broadcast, at=clock.now())
    editing.head(again.email, subject="Second helping", preheader="", at=clock.now())
    send(again)
    assert [message["Subject"] for message in outbox] == ["News from the kiln", "Second helping"]


def leaving(broadcast):
    """Its audience is written, and it is about to send."""
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcasts.prepare.function(workspace_id=broadcast.workspace_id, broadcast_id=broadcast.id)
    broadcast.refresh_from_db()
    return at + MINUTE


def test_what_is_paused_waits_and_goes_on_where_it_was(broadcast, news, outbox):
    for _number in range(5):
        subscriber(news)
    at = leaving(broadcast)
    broadcasts.pause(broadcast, at=at)
    run_jobs(at=at + timedelta(days=1))
    broadcast.refresh_from_db()
    assert (outbox, broadcast.state, broadcast.waiting) == ([], State.PAUSED, 5)
    broadcasts.go_on(broadcast, at=at + timedelta(days=1))
    run_jobs(at=at + timedelta(days=1))
    assert books(broadcast) == {"accepted": 5}
    assert broadcast.state == State.COMPLETE
    with pytest.raises(broadcasts.NothingToPause):
        broadcasts.pause(broadcast, at=at)
    with pytest.raises(broadcasts.NotPaused):
        broadcasts.go_on(broadcast, at=at)


def test_a_pause_while_the_audience_is_written_is_no_end_of_the_writing(broadcast, news, outbox):
    for _number in range(4):
        subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    broadcasts.start(broadcast.id, at=at + MINUTE)
    broadcast.refresh_from_db()
    audience.write_chunk(broadcast, at=at, limit=2)
    broadcasts.pause(broadcast, at=at + MINUTE)
    run_jobs(at=at + 2 * MINUTE)
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.audience) == (State.PAUSED, 2)
    broadcasts.go_on(broadcast, at=at + 3 * MINUTE)
    run_jobs(at=at + 3 * MINUTE)
    assert books(broadcast) == {"accepted": 4}


def test_what_is_paused_can_be_stopped(broadcast, news, outbox):
    subscriber(news)
    at = leaving(broadcast)
    broadcasts.pause(broadcast, at=at)
    broadcasts.stop(broadcast, at=at)
    run_jobs(at=at + MINUTE)
    assert books(broadcast) == {"excluded": 1}
    assert outbox == []


def test_uncertain_messages_are_decided_one_by_one_by_a_person_or_by_what_a_provider_tells(broadcast, news, outbox):
    for _number in range(3):
        subscriber(news)
    at = leaving(broadcast)
    broadcasts.sending.take(broadcast.id, at=at)
    run_jobs(at=at + timedelta(hours=1))
    first, second, third = Delivery.objects.order_by("id")
    assert broadcasts.they_arrived(broadcast, [first.id], at=at) == 1
    assert broadcasts.they_arrived(broadcast, [first.id], at=at) == 0
    assert broadcasts.ledger.learn(second.id, state=Fate.FAILED, cause="hard", at=at) == 1
    assert books(broadcast) == {"accepted": 1, "failed": 1, "uncertain": 1}
    assert broadcasts.send_again(broadcast, [first.id, second.id, third.id], at=at + timedelta(hours=1)) == 1
    run_jobs(at=at + timedelta(hours=1))
    assert books(broadcast) == {"accepted": 2, "failed": 1}
    assert (len(outbox), broadcast.state) == (1, State.COMPLETE)


def test_a_domain_that_broke_after_scheduling_holds_the_broadcast(broadcast, news, outbox, as_ada, monkeypatch):
    subscriber(news)
    at = clock.now()
    broadcasts.send_now(broadcast, at=at)
    with monkeypatch.context() as patched:
        patched.setattr(gate, "is_needed", lambda: True)
        run_jobs(at=at + MINUTE)
        broadcast.refresh_from_db()
        assert (broadcast.state, broadcast.audience) == (State.PAUSED, 0)
        (letter,) = outbox
        assert (letter["To"], letter["Subject"]) == ("ada@example.com", f"It could not leave: {broadcast.email}")
        assert "is not set up for sending yet" in letter.get_body(("plain",)).get_content()
        page = as_ada.get(f"/w/juniper/emails/{broadcast.id}/").content.decode()
        assert "It could not leave" in page
        assert "is not set up for sending yet" in page
        with pytest.raises(broadcasts.NotReady):
            broadcasts.go_on(broadcast, at=at + MINUTE)
    broadcasts.go_on(broadcast, at=at + MINUTE)
    run_jobs(at=at + 2 * MINUTE)
    assert books(broadcast) == {"accepted": 1}


def test_what_comes_back_is_told_by_reason_as_it_comes(broadcast, news, outbox):
    readers = [subscriber(news, email=f"reader-{number}@{domain}") for number, domain in enumerate(DOMAINS)]
    send(broadcast)
    reporting.count_providers(broadcast_id=broadcast.id)
    rows = {row.contact_id: row.id for row in Delivery.objects.filter(source_id=broadcast.id)}
    told = [("complained", "", ""), ("bounced", "", "550 5.1.1 user unknown"), ("complained", "", "")]
    for number, (reader, (event, sort, words)) in enumerate(zip(readers, told, strict=False)):
        row = return_paths.Row(broadcast.workspace_id, rows[reader.id])
        verdict = verdicts.of_event(event, kind=sort, reply=words)
        for _time in range(2):
            returns.take_event(row, verdict, event_id=f"{number}", received_at=clock.now())
    found = reporting.report(broadcast)
    assert [(row.kind, row.reason, row.messages) for row in found.back] == [
        ("complaint", "abuse_report", 2),
        ("bounce", "no_such_mailbox", 1),
    ]
    assert found.complained == 2
    assert {row.key: row.complained for row in found.providers} == {"Gmail": 1, "example.com": 1, "gmx.example": 0}


DOMAINS = ("gmail.com", "gmx.example", "example.com")
