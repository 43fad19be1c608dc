"""Mail of the installation itself: through the queue, sealed, outside every business."""

from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import connection

from plainsail.kernel.environment import BadEnvironment
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.mail.services import headers, operator_mail
from plainsail.mail.services.smtp import Server, Unreachable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _real_backend(settings):
    settings.EMAIL_BACKEND = "plainsail.mail.backend.LedgerBackend"
    settings.DEFAULT_FROM_EMAIL = "Plainsail <hello@plainsail.example>"


def waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs WHERE task_name = 'mail.deliver_sealed'")
        return [row[0] for row in cursor.fetchall()]


def test_a_sign_in_link_reaches_its_reader(outbox):
    message = EmailMultiAlternatives("Your link", "Open it: https://x.example/?code=123", to=["Ada <ada@example.com>"])
    message.attach_alternative("<p>Open <a href='https://x.example/?code=123'>it</a></p>", "text/html")
    assert message.send() == 1
    assert outbox == []
    run_jobs()
    [mail] = outbox
    assert (mail["From"], mail["To"]) == ("Plainsail <hello@plainsail.example>", "Ada <ada@example.com>")
    assert outbox.recipients == ["ada@example.com"]
    assert "code=123" in mail.get_body(("html",)).get_content()
    assert mail["X-Plainsail-Workspace"] is None


def test_the_queue_never_shows_what_it_says(outbox):
    send_mail("Your link", "The secret code is 424242", None, ["ada@example.com"])
    [queued] = waiting()
    assert "424242" not in queued
    assert "ada@example.com" not in queued
    run_jobs()
    assert waiting() == []


def test_it_stands_in_no_businesss_ledger(outbox, in_juniper):
    send_mail("Your link", "Words", None, ["ada@example.com"])
    run_jobs()
    assert len(outbox) == 1
    assert not Delivery.objects.exists()


def test_every_recipient_gets_a_message_and_sees_no_blind_copy(outbox):
    message = EmailMultiAlternatives("s", "t", to=["a@example.com"], bcc=["b@example.com"])
    message.send()
    run_jobs()
    assert sorted(outbox.recipients) == ["a@example.com", "b@example.com"]
    assert all(mail["Bcc"] is None for mail in outbox)


def test_a_message_for_nobody_is_no_message(outbox):
    assert EmailMultiAlternatives("s", "t", to=[]).send() == 0


def test_a_forged_address_is_refused():
    with pytest.raises(headers.Unmailable):
        send_mail("s", "t", None, ["not an address"])


def test_a_busy_server_makes_the_queue_try_again(outbox):
    outbox.answers["ada@example.com"] = "451 4.3.0 later"
    send_mail("s", "t", None, ["ada@example.com"])
    [sealed] = waiting()
    with pytest.raises(operator_mail.NotTakenYet):
        run_jobs()
    assert "sealed" in sealed


def test_a_refused_address_is_not_tried_again(outbox):
    outbox.answers["ada@example.com"] = "550 5.1.1 unknown user"
    send_mail("s", "t", None, ["ada@example.com"])
    run_jobs()
    assert (outbox, waiting()) == ([], [])


def test_a_server_that_is_away_makes_the_queue_try_again(monkeypatch, outbox):
    from plainsail.kernel import environment

    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
    environment.current.cache_clear()
    send_mail("s", "t", None, ["ada@example.com"])
    with pytest.raises(Unreachable):
        run_jobs()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 25, "smtp", "", "")),
        ("smtp+starttls://me:p%40ss@mail.example.com", ("mail.example.com", 587, "smtp+starttls", "me", "p@ss")),
        ("smtps://me:x@mail.example.com:1465", ("mail.example.com", 1465, "smtps", "me", "x")),
        ("smtp://me:x@localhost:2525", ("localhost", 2525, "smtp", "me", "x")),
    ],
)
def test_a_servers_address_is_understood(url, expected):
    server = Server.from_url(url)
    assert (server.host, server.port, server.security, server.user, server.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com:25",
        "http://mail.example.com",
        "smtp://",
        "smtp://host:many",
        "smtp://me:x@mail.example.com",
    ],
)
def test_a_servers_address_that_makes_no_sense_is_refused(url):
    with pytest.raises(BadEnvironment):
        Server.from_url(url)
