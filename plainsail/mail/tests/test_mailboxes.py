"""Bounces read from a mailbox: taken in, filed away, and never deleted."""

from __future__ import annotations

import re
import socketserver
import threading

import pytest

from plainsail.kernel.environment import BadEnvironment
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Feedback, StrayMail
from plainsail.mail.services import mailboxes, returns
from plainsail.mail.services.mailboxes import DONE, STRAY, Mailbox
from plainsail.mail.tests.reports import dsn, failed, plain
from plainsail.mail.tests.test_returns import broadcast, delivery, maren, path  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


class Server(socketserver.ThreadingTCPServer):
    """As much of IMAP4rev1 (RFC 3501) as reading a mailbox needs, over folders in memory."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, *messages, can_move=True):
        super().__init__(("127.0.0.1", 0), Session)
        self.folders = {"INBOX": dict(enumerate(messages, 1))}
        self.marked = set()
        self.broken = set()
        self.can_move = can_move

    @property
    def box(self):
        port = self.server_address[1]
        return Mailbox(host="127.0.0.1", port=port, is_tls=False, user="u", password="p", folder="INBOX")


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode():
            tag, _blank, command = line.strip().partition(" ")
            words = command.split(" ")
            if words[:2] == ["UID", "FETCH"] and int(words[2]) in self.server.broken:
                self.wfile.write(f"{tag} NO the message is damaged\r\n".encode())
                continue
            self.wfile.write(self.answer(words) + f"{tag} OK done\r\n".encode())
            if command.upper().startswith("LOGOUT"):
                return

    def answer(self, words):
        server, verb = self.server, words[0].upper()
        inbox = server.folders["INBOX"]
        if verb == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 MOVE\r\n" if server.can_move else b"* CAPABILITY IMAP4rev1\r\n"
        if verb == "SELECT":
            return f"* {len(inbox)} EXISTS\r\n".encode()
        if verb == "CREATE":
            server.folders.setdefault(words[1].strip('"'), {})
        if verb != "UID":
            return b""
        uid = words[2]
        if words[1] == "SEARCH":
            return ("* SEARCH " + " ".join(str(each) for each in inbox if each not in server.marked) + "\r\n").encode()
        if words[1] == "FETCH":
            raw = inbox[int(uid)][: int(re.search(r"0\.(\d+)", " ".join(words))[1])]
            return f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
        if words[1] == "STORE":
            server.marked.add(int(uid))
        else:
            raw = inbox.pop(int(uid)) if words[1] == "MOVE" else inbox[int(uid)]
            server.folders[words[3].strip('"')][int(uid)] = raw
        return b""


@pytest.fixture
def serving():
    servers = []

    def serve(*messages, **options):
        server = Server(*messages, **options)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bounce(juniper, delivery):  # noqa: F811 - the fixture
    return f"Delivered-To: {path(juniper, delivery)}\r\n".encode() + dsn(failed("5.2.2", "552 mailbox full"))


def kept(juniper):
    with workspace(juniper):
        return list(Feedback.objects.values_list("via", "cause"))


@pytest.mark.parametrize("can_move", [True, False])
def test_a_bounce_is_taken_in_and_filed_away(juniper, bounce, serving, can_move):
    other = plain("Hello?", sender="somebody@reader.example", subject="Hello")
    server = serving(bounce, other, can_move=can_move)
    assert mailboxes.read_all(server.box) == 2
    assert mailboxes.read_all(server.box) == 0
    assert kept(juniper) == [("imap", "soft_recipient")]
    assert (list(server.folders[DONE].values()), list(server.folders[STRAY].values())) == ([bounce], [other])
    assert list(StrayMail.objects.values_list("why", flat=True)) == ["no_token"]


def test_what_could_not_be_taken_in_stays_where_it_is(juniper, bounce, serving, monkeypatch):
    def away(*_arguments, **_options):
        raise OSError("gone")

    server = serving(bounce)
    with monkeypatch.context() as patch:
        patch.setattr(returns, "take_in", away)
        with pytest.raises(OSError, match="gone"):
            mailboxes.read_all(server.box)
    assert list(server.folders["INBOX"].values()) == [bounce]
    assert mailboxes.read_all(server.box) == 1
    assert kept(juniper) == [("imap", "soft_recipient")]


def test_a_message_that_the_server_cant_give_out_keeps_nothing_behind_it_from_being_read(juniper, bounce, serving):
    server = serving(plain("Damaged", sender="x@reader.example", subject="Hello"), bounce)
    server.broken.add(1)
    assert mailboxes.read_all(server.box) == 1
    assert kept(juniper) == [("imap", "soft_recipient")]
    assert list(server.folders["INBOX"]) == [1]


def test_a_server_that_is_away_is_no_failure(monkeypatch):
    from plainsail.kernel import environment

    monkeypatch.setenv("BOUNCE_IMAP_URL", "imap://u:p@127.0.0.1:9/INBOX")
    environment.current.cache_clear()
    mailboxes.fetch()
    monkeypatch.undo()
    environment.current.cache_clear()


@pytest.mark.parametrize(
    "url", ["imap://u:p@mail.example.com", "imaps://mail.example.com", "http://x", "imaps://u@h:port"]
)
def test_an_address_that_is_none_is_told_at_once(url):
    with pytest.raises(BadEnvironment):
        Mailbox.from_url(url)
