"""Messages that are owed: once for each key, sealed until handed over, and never to a dead address."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.contacts.models import Suppression
from plainsail.contacts.services import suppression
from plainsail.kernel import clock
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery, SealedBody, Sender
from plainsail.mail.services import headers, transactional
from plainsail.mail.services.letters import Linked, letter
from plainsail.mail.services.transactional import Attachment

pytestmark = pytest.mark.django_db
State = Delivery.State


def send(key="order-1", to="maren@example.com", **more):
    values = {"subject": "Your receipt", "text": "Thank you.\n", "html": "<p>Thank you.</p>", "at": clock.now()} | more
    return transactional.send("order_receipt", to=to, key=key, **values)


def test_a_receipt_reaches_its_reader_with_both_parts(in_juniper, outbox):
    send()
    run_jobs()
    [message] = outbox
    assert message["To"] == "maren@example.com"
    assert message["From"] == "Juniper Pottery Studio <hello@juniper.localhost>"
    assert message["Subject"] == "Your receipt"
    assert message["X-Plainsail-Workspace"] == str(in_juniper.id)
    assert message.get_body(("plain",)).get_content() == "Thank you.\n"
    assert message.get_body(("html",)).get_content() == "<p>Thank you.</p>\n"
    assert Delivery.objects.get().state == State.ACCEPTED


def test_the_same_key_is_sent_once(in_juniper, outbox):
    first, second = send(), send(subject="Something else")
    run_jobs()
    third = send()
    run_jobs()
    assert first.id == second.id == third.id
    assert len(outbox) == 1


def test_another_key_or_kind_is_another_message(in_juniper, outbox):
    send(key="order-1")
    send(key="order-2")
    transactional.send("refund", to="maren@example.com", subject="s", text="t", key="order-1", at=clock.now())
    run_jobs()
    assert len(outbox) == 3


def test_its_words_are_sealed_until_they_are_handed_over_and_gone_afterwards(in_juniper, outbox):
    send(text="The secret glaze is ash.")
    assert "ash" not in SealedBody.objects.get().sealed
    run_jobs()
    assert not SealedBody.objects.exists()


def test_attachments_arrive_as_they_were(in_juniper, outbox):
    send(attachments=[Attachment(name="receipt.pdf", content=b"%PDF \x00\xff", type="application/pdf")])
    run_jobs()
    [attached] = outbox[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("receipt.pdf", "application/pdf")
    assert attached.get_content() == b"%PDF \x00\xff"


def test_a_mail_that_is_attached_goes_along_as_a_file_and_breaks_nothing(in_juniper, outbox):
    """RFC 2046 §5.2.1 forbids encoding a `message` part; readers then showed an empty one."""
    send(attachments=[Attachment(name="letter.eml", content=b"Subject: x\r\n\r\nhi", type="message/rfc822")])
    run_jobs()
    [attached] = outbox[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("letter.eml", "application/octet-stream")
    assert attached.get_content() == b"Subject: x\r\n\r\nhi"


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a@b@c.example",
        "a b@example.com",
        "x@example.com\r\nBcc: y@example.com",
        "<x@example.com>",
        "<ü@example.com>",
        "ü ü@example.com",
        "ü@example.com\r\nBcc: y@example.com",
    ],
)
def test_an_address_that_can_be_none_is_refused_and_nothing_is_kept(in_juniper, to):
    with pytest.raises(headers.Unmailable):
        send(to=to)
    assert not Delivery.objects.exists()


def test_a_name_of_any_letters_is_written_to_as_it_is(in_juniper, outbox):
    send(to="müller@bücher.example")
    run_jobs()
    assert outbox.recipients == ["müller@xn--bcher-kva.example"]
    assert b"To: m\xc3\xbcller@xn--bcher-kva.example\r\n" in outbox.raw[0]


def test_a_subject_cannot_start_a_header_of_its_own(in_juniper, outbox):
    send(subject="Hello\r\nBcc: victim@example.com\r\n\r\n<p>x")
    run_jobs()
    [message] = outbox
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: victim@example.com <p>x"
    assert outbox.recipients == ["maren@example.com"]


def test_a_senders_name_cannot_start_a_header_of_its_own(in_juniper, outbox):
    Sender.objects.create(name='Ada "A" <x>\r\nBcc: victim@example.com', address="ada@juniper.example", is_default=True)
    send()
    run_jobs()
    assert outbox[0]["Bcc"] is None
    assert outbox[0]["From"].addresses[0].addr_spec == "ada@juniper.example"


def test_an_international_domain_is_written_in_ascii(in_juniper, outbox):
    send(to="maren@töpferei.example")
    run_jobs()
    assert outbox.recipients == ["maren@xn--tpferei-90a.example"]


def test_no_mail_goes_to_an_address_that_complained(in_juniper, outbox):
    suppression.add_address("maren@example.com", reason=Suppression.Reason.COMPLAINT, at=clock.now())
    delivery = send()
    run_jobs()
    delivery.refresh_from_db()
    assert (delivery.state, outbox) == (State.SUPPRESSED, [])


def test_a_person_who_left_all_lists_still_gets_the_receipt(in_juniper, outbox):
    suppression.add_address("maren@example.com", reason=Suppression.Reason.UNSUBSCRIBED, at=clock.now())
    send()
    run_jobs()
    assert len(outbox) == 1


def test_an_unknown_mailbox_fails_and_is_not_written_to_again(in_juniper, outbox):
    outbox.answers["maren@example.com"] = "550 5.1.1 no such user here"
    first = send()
    run_jobs()
    second = send(key="order-2")
    run_jobs()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.cause, first.attempts) == (State.FAILED, "hard", 1)
    assert first.reply == "550 5.1.1 no such user here"
    assert second.state == State.SUPPRESSED


def test_a_refused_content_costs_the_reader_nothing(in_juniper, outbox):
    outbox.answers_to_data["maren@example.com"] = "554 5.6.0 message malformed"
    delivery = send()
    run_jobs()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.cause) == (State.FAILED, "message_fault")
    assert not Suppression.objects.exists()


def test_a_busy_server_is_asked_again_without_using_up_an_attempt(in_juniper, outbox):
    outbox.answers["maren@example.com"] = "451 4.7.1 greylisted, come back"
    at = clock.now()
    delivery = send(at=at)
    run_jobs(at=at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 0)
    del outbox.answers["maren@example.com"]
    run_jobs(at=at + timedelta(seconds=30))
    assert outbox == []
    run_jobs(at=at + timedelta(minutes=2))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, len(outbox)) == (State.ACCEPTED, 1, 1)


def test_after_three_days_of_a_busy_server_it_has_failed(in_juniper, outbox):
    outbox.answers["maren@example.com"] = "451 4.3.0 try later"
    at = clock.now()
    delivery = send(at=at)
    run_jobs(at=at)
    run_jobs(at=at + timedelta(days=4))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.cause) == (State.FAILED, "put_off_too_long")
    assert not SealedBody.objects.exists()


def test_a_server_that_is_away_loses_nothing(in_juniper, monkeypatch, outbox):
    from plainsail.kernel import environment

    real = environment.current().smtp_url
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
    environment.current.cache_clear()
    at = clock.now()
    delivery = send(at=at)
    run_jobs(at=at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 0)
    monkeypatch.setenv("SMTP_URL", real)
    environment.current.cache_clear()
    run_jobs(at=at + timedelta(minutes=6))
    delivery.refresh_from_db()
    assert (delivery.state, len(outbox)) == (State.ACCEPTED, 1)


def test_a_message_keeps_its_id_however_often_it_is_tried(in_juniper, outbox):
    delivery = send()
    run_jobs()
    assert outbox[0]["Message-ID"] == f"<{delivery.id.hex}@juniper.localhost>"


def test_letters_say_the_same_in_both_parts_and_escape_what_people_typed(in_juniper):
    html, text = letter(
        "Thank you, <Maren>",
        ["Your place is booked.", Linked("Not coming?", "Give it <up>", "https://juniper.example/cancel/?a=1&b=2")],
        button=("Open <it>", "https://juniper.example/receipt/1?a=1&b=2"),
        rows=[("Weekend", "€175.00")],
        footer="Questions? Just reply.",
    )
    assert "Thank you, &lt;Maren&gt;" in html
    assert 'href="https://juniper.example/receipt/1?a=1&amp;b=2"' in html
    assert "Open &lt;it&gt;" in html
    assert 'Not coming? <a href="https://juniper.example/cancel/?a=1&amp;b=2"' in html
    assert "Give it &lt;up&gt;</a>" in html
    assert text == (
        "Thank you, <Maren>\n\nYour place is booked.\n\nNot coming? Give it <up>: "
        "https://juniper.example/cancel/?a=1&b=2\n\nWeekend: €175.00\n\nOpen <it>:\n"
        "https://juniper.example/receipt/1?a=1&b=2\n\nQuestions? Just reply.\n\n--\nJuniper Pottery Studio\n"
        "Mill Lane 4, 25980 Westerland\n"
    )
