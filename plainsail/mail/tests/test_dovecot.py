"""Bounces read from a real IMAP server, a process of its own: taken in, filed away, never deleted, and read again after a fault."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from plainsail.kernel import environment
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Feedback, StrayMail
from plainsail.mail.services import mailboxes, returns
from plainsail.mail.services.mailboxes import DONE, STRAY, Mailbox
from plainsail.mail.tests import dovecot
from plainsail.mail.tests.reports import dsn, failed, plain
from plainsail.mail.tests.test_returns import broadcast, delivery, maren, path  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes]


@pytest.fixture(params=[True, False], ids=["moves", "copies"])
def server(request):
    if reason := dovecot.why_not():
        pytest.skip(reason)
    with dovecot.running(can_move=request.param) as found:
        yield found


@pytest.fixture
def bounce(juniper, delivery):  # noqa: F811 - the fixture
    return f"Delivered-To: {path(juniper, delivery)}\r\n".encode() + dsn(failed("5.2.2", "552 mailbox full"))


def url_of(server):
    return f"imap://{dovecot.USER}:{quote(dovecot.PASSWORD, safe='')}@127.0.0.1:{server.port}/INBOX"


def kept(juniper):
    with workspace(juniper):
        return list(Feedback.objects.values_list("via", "cause"))


def test_the_timetable_reads_it_and_files_away_what_it_took_in(juniper, bounce, server, monkeypatch):
    server.deliver(bounce, "1.bounce.test")
    server.deliver(plain("Hello?", sender="somebody@reader.example", subject="Grüße"), "2.other.test")
    monkeypatch.setenv("BOUNCE_IMAP_URL", url_of(server))
    environment.current.cache_clear()
    try:
        for _time in range(2):
            mailboxes.fetch.function()
    finally:
        monkeypatch.undo()
        environment.current.cache_clear()
    assert kept(juniper) == [("imap", "soft_recipient")]
    assert list(StrayMail.objects.values_list("why", flat=True)) == ["no_token"]
    assert (server.lying_in(DONE), server.lying_in(STRAY)) == (1, 1)


def test_what_could_not_be_taken_in_stays_and_is_read_again(juniper, bounce, server, monkeypatch):
    def away(*_arguments, **_options):
        raise OSError("gone")

    server.deliver(bounce, "1.bounce.test")
    box = Mailbox.from_url(url_of(server))
    with monkeypatch.context() as patch:
        patch.setattr(returns, "take_in", away)
        with pytest.raises(OSError, match="gone"):
            mailboxes.read_all(box)
    assert (server.lying_in("INBOX"), server.lying_in(DONE), kept(juniper)) == (1, 0, [])
    assert (mailboxes.read_all(box), mailboxes.read_all(box)) == (1, 0)
    assert (server.lying_in(DONE), kept(juniper)) == (1, [("imap", "soft_recipient")])


def test_a_wrong_password_is_no_failure_of_the_timetable(juniper, server, monkeypatch, caplog):
    monkeypatch.setenv("BOUNCE_IMAP_URL", url_of(server).replace(quote(dovecot.PASSWORD, safe=""), "wrong"))
    environment.current.cache_clear()
    try:
        mailboxes.fetch.function()
    finally:
        monkeypatch.undo()
        environment.current.cache_clear()
    assert "the mailbox of bounces can't be read" in caplog.text
