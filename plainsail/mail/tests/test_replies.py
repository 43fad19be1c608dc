"""What servers say, sorted by whose fault it is. In doubt it is nobody's, and no address is lost for it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.mail.services import pipelines
from plainsail.mail.services.replies import Cause, classify
from plainsail.mail.services.smtp import Conversation, Fate, Server, Unreachable, stuffed


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", Cause.HARD),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Cause.HARD),
        ("550 No such user here", Cause.HARD),
        ("550 Requested action not taken: mailbox unavailable", Cause.HARD),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", Cause.HARD),
        ("552 5.2.2 The recipient's inbox is out of storage space", Cause.SOFT_RECIPIENT),
        ("552 Mailbox is full", Cause.SOFT_RECIPIENT),
        ("552 5.3.4 Your message exceeded the size limits", Cause.MESSAGE_FAULT),
        ("554 5.6.0 malformed headers", Cause.MESSAGE_FAULT),
        ("550 5.7.26 This mail has been blocked because the sender is unauthenticated", Cause.SENDER_REPUTATION),
        (
            "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
            Cause.SENDER_REPUTATION,
        ),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            Cause.SENDER_REPUTATION,
        ),
        ("550 5.1.1 Recipient rejected, your IP is on our blocklist", Cause.SENDER_REPUTATION),
        ("550 5.7.1 Unknown user", Cause.HARD),
        ("550 something went wrong", Cause.MESSAGE_FAULT),
        # Exim and Postfix, where the return path or the server's name is not to their liking: they say of it what is
        # else said of recipients.
        (
            "550-Verification failed for <b+1@x.example> 550-No Such User Here 550 Sender verify failed",
            Cause.SENDER_REPUTATION,
        ),
        ("550 5.1.0 <b+1@x.example>: Sender address rejected: User unknown", Cause.SENDER_REPUTATION),
        ("550 Callout verification failed: sender address does not exist", Cause.SENDER_REPUTATION),
        ("554 5.7.1 <mail.x.example>: Helo command rejected: Host not found", Cause.SENDER_REPUTATION),
        # GMX, T-Online, AOL, Barracuda, Comcast: none of it means that there is no such mailbox.
        (
            "550-Requested action not taken: mailbox unavailable 550 Reject due to policy restrictions.",
            Cause.SENDER_REPUTATION,
        ),
        ("554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help", Cause.SENDER_REPUTATION),
        ("521 5.2.1 :  (CON:B1)  https://postmaster.example/554-conb1/", Cause.SENDER_REPUTATION),
        ("550 permanent failure for one or more recipients (ada@x.example:blocked)", Cause.SENDER_REPUTATION),
        ("550 5.7.1 No thank you rejected: Account Unavailable: Possible Forgery", Cause.SENDER_REPUTATION),
        # What the own mail server lets out in a day: no reader's fault, and each further one would be lost.
        ("550 5.4.5 Daily SMTP relay sending limit exceeded for user", Cause.SENDER_REPUTATION),
        ("550 5.4.5 Daily user sending quota exceeded", Cause.SENDER_REPUTATION),
        ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Cause.SENDER_REPUTATION),
        ("550 Domain x.example has exceeded the max emails per hour (500/500 (100%)) allowed", Cause.SENDER_REPUTATION),
        ("550 Maximum credits exceeded", Cause.SENDER_REPUTATION),
        (
            "554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive",
            Cause.SOFT_RECIPIENT,
        ),
        ("550 The account is temporarily disabled, try later", Cause.SOFT_RECIPIENT),
        ("550 5.7.1 Mail not accepted: mailbox over size limit", Cause.SOFT_RECIPIENT),
        ("550 5.2.1 mailbox disabled due to policy violations", Cause.HARD),
        ("550 5.4.1 All recipient addresses rejected : Access denied", Cause.HARD),
    ],
)
def test_a_refusal_is_put_where_it_belongs(reply, cause):
    assert classify(int(reply[:3]), reply[4:]) == cause


@given(st.integers(500, 599), st.text(max_size=300))
def test_any_words_get_an_answer(code, text):
    assert classify(code, text) in set(Cause)


@given(st.binary(max_size=400).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"\r\n")))
def test_dots_at_the_start_of_lines_arrive_as_they_were(content):
    sent = stuffed(content) + b".\r\n"
    assert sent.endswith(b"\r\n.\r\n") or sent == b".\r\n"
    assert b"\r\n.\r\n" not in sent[:-5]
    lines = sent[:-3].split(b"\r\n")
    arrived = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert arrived.removesuffix(b"\r\n") == content.removesuffix(b"\r\n")


@contextmanager
def server(*replies: bytes, reads_data: bool = True):
    """A server that says these lines, one for each command, and then hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _address = listening.accept()
        with connection, connection.makefile("rb") as lines:
            for reply in replies:
                connection.sendall(reply + b"\r\n")
                if reply.startswith(b"354") and reads_data:
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                elif reply != replies[-1]:
                    lines.readline()

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    yield Server(host="127.0.0.1", port=listening.getsockname()[1], security="smtp")
    thread.join(timeout=5)
    listening.close()


HELLO = (b"220 hello", b"250 hello", b"250 sender ok", b"250 recipient ok")


def hand_over(to_server):
    return pipelines.hand_over_one(
        to_server, b"Subject: x\r\n\r\nHello\r\n", sender="a@example.com", to="b@example.com"
    )


def test_no_answer_after_the_whole_message_means_that_nobody_knows():
    with server(*HELLO, b"354 go on") as to:
        assert hand_over(to).fate == Fate.UNKNOWN


def test_a_connection_that_breaks_before_the_message_means_that_it_was_not_handed_over():
    with server(*HELLO) as to, pytest.raises(Unreachable):
        hand_over(to)


def test_a_server_that_says_goodbye_puts_the_message_off():
    with server(*HELLO[:2], b"421 4.7.0 too many connections") as to:
        assert hand_over(to).fate == Fate.PUT_OFF


def test_a_refusal_of_the_sender_is_the_senders():
    with server(*HELLO[:2], b"553 sender address rejected", b"250 reset") as to:
        answer = hand_over(to)
    assert (answer.fate, answer.cause) == (Fate.REFUSED, Cause.SENDER_REPUTATION)


@pytest.mark.parametrize("greeting", [b"554 go away", b"\xff\xfe\x00garbage", b"220"])
def test_a_server_that_is_none_is_out_of_reach(greeting):
    with server(greeting) as to, pytest.raises(Unreachable):
        Conversation.open(to, timeout=1)
