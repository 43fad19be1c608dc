"""What comes back is sorted by whose fault it is. Nobody loses an address to a holiday, a full mailbox or a blocked server."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.mail.services import verdicts
from plainsail.mail.services.replies import Cause, explain
from plainsail.mail.tests.reports import arf, dsn, failed, judged, plain

HARD, SOFT = ("bounce", "hard"), ("bounce", "soft_recipient")
FAULT, SENDER = ("bounce", "message_fault"), ("bounce", "sender_reputation")
AUTO, DELAY, RECEIPT, OTHER = ("auto_reply", "auto_reply"), ("delay", None), ("receipt", None), ("other", None)
SAMPLES = Path(__file__).parent / "data" / "flufl"


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "Postfix: no such user",
            dsn(
                failed(
                    "5.1.1",
                    "550 5.1.1 <maren@reader.example>: Recipient address rejected: User unknown in local recipient table",
                ),
                extra="Auto-Submitted: auto-replied\r\n",
            ),
            HARD,
        ),
        (
            "Postfix: no such domain",
            dsn(
                failed(
                    "5.4.4",
                    "X-Postfix; Host or domain name not found. Name service error for name=raeder.example type=A: Host not found",
                )
            ),
            HARD,
        ),
        (
            "Postfix: server away for five days",
            dsn(failed("4.4.1", "X-Postfix; connect to mx.reader.example[192.0.2.1]:25: Connection timed out")),
            SOFT,
        ),
        ("Postfix: still trying", dsn(failed("4.4.1", "connect: Connection timed out", action="delayed")), DELAY),
        (
            "Postfix: greylisted until it gave up",
            dsn(failed("4.2.0", "450 4.2.0 <maren@reader.example>: Recipient address rejected: Greylisted")),
            SOFT,
        ),
        (
            "Gmail: no such account",
            dsn(
                failed(
                    "5.1.1",
                    "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking "
                    "the recipient's email address for typos or 550-5.1.1 unnecessary spaces. NoSuchUser - gsmtp",
                ),
                sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            ),
            HARD,
        ),
        (
            "Gmail: over quota",
            dsn(failed("5.2.2", "552-5.2.2 The recipient's inbox is out of storage space. OverQuotaPerm - gsmtp")),
            SOFT,
        ),
        (
            "Gmail: disabled",
            dsn(failed("5.2.1", "550 5.2.1 The email account that you tried to reach is inactive. DisabledUser")),
            HARD,
        ),
        (
            "Gmail: too much for one mailbox",
            dsn(
                failed(
                    "5.2.1",
                    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
                )
            ),
            SOFT,
        ),
        (
            "Gmail: unauthenticated",
            dsn(failed("5.7.26", "550-5.7.26 Your email has been blocked because the sender is unauthenticated")),
            SENDER,
        ),
        (
            "Gmail: no PTR",
            dsn(failed("5.7.25", "550-5.7.25 The IP address sending this message does not have a PTR record")),
            SENDER,
        ),
        (
            "Gmail: attachment",
            dsn(
                failed(
                    "5.7.0",
                    "552-5.7.0 This message was blocked because its content presents a potential security issue",
                )
            ),
            FAULT,
        ),
        (
            "Gmail: likely unsolicited",
            dsn(
                failed(
                    "5.7.1",
                    "550-5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam",
                )
            ),
            SENDER,
        ),
        (
            "Exchange Online: not found",
            dsn(
                failed("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient maren@reader.example not found"),
                sender="postmaster@reader.example",
                subject="Undeliverable: News",
                extra="Auto-Submitted: auto-replied\r\nX-MS-Exchange-Message-Is-Ndr: \r\n",
            ),
            HARD,
        ),
        (
            "Exchange Online: directory-based blocking",
            dsn(failed("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)")),
            HARD,
        ),
        (
            "Exchange Online: outsiders may not write to this group",
            dsn(
                failed(
                    "5.7.133",
                    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check",
                )
            ),
            SOFT,
        ),
        (
            "Exchange Online: domain gone",
            dsn(
                failed(
                    "5.4.310", "550 5.4.310 DNS domain reader.example does not exist [Message=InfoDomainNonexistent]"
                )
            ),
            HARD,
        ),
        (
            "Outlook.com: mailbox unavailable",
            dsn(failed("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)")),
            HARD,
        ),
        (
            "Outlook.com: network on its block list",
            dsn(
                failed(
                    "5.7.1",
                    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service "
                    "provider since part of their network is on our block list (S3150).",
                )
            ),
            SENDER,
        ),
        (
            "Outlook.com: authentication level",
            dsn(
                failed(
                    "5.7.515",
                    "550 5.7.515 Access denied, sending domain juniper.example does not meet the required authentication level",
                )
            ),
            SENDER,
        ),
        (
            "Outlook.com: quota",
            dsn(
                failed(
                    "5.2.2", "552 5.2.2 STOREDRV.Deliver; mailbox full. The following information should help identify"
                )
            ),
            SOFT,
        ),
        (
            "Yahoo: no such account",
            dsn(
                failed(
                    "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (maren@yahoo.com) [0]"
                )
            ),
            HARD,
        ),
        (
            "Yahoo: mailbox disabled",
            dsn(
                failed(
                    "5.0.0",
                    "554 30 Sorry, your message to maren@yahoo.com cannot be delivered. This mailbox is disabled (554.30)",
                )
            ),
            HARD,
        ),
        (
            "Yahoo: for good because of complaints",
            dsn(
                failed(
                    "5.7.9",
                    "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed",
                )
            ),
            SENDER,
        ),
        (
            "Yahoo: DMARC",
            dsn(
                failed(
                    "5.7.9",
                    "554 5.7.9 Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes",
                )
            ),
            SENDER,
        ),
        (
            "exim: unrouteable, without status fields",
            plain(
                "This message was created automatically by mail delivery software.\r\n\r\nA message that you sent could not be "
                "delivered to one or more of its\r\nrecipients. This is a permanent error. The following address(es) failed:\r\n\r\n"
                "  maren@reader.example\r\n    Unrouteable address\r\n\r\n------ This is a copy of the message, including all the "
                "headers. ------\r\n\r\nReturn-path: <b+x@bounces.example>\r\nSubject: Mailbox is full of news",
                sender="Mail Delivery System <Mailer-Daemon@mx.reader.example>",
                subject="Mail delivery failed: returning message to sender",
                extra="X-Failed-Recipients: maren@reader.example\r\nAuto-Submitted: auto-replied\r\n",
            ),
            HARD,
        ),
        (
            "exim: mailbox over quota",
            dsn(
                failed("5.0.0"),
                text="The following address(es) failed:\r\n\r\n  maren@reader.example\r\n    mailbox is full (MTA-imposed quota exceeded "
                "while writing to file /home/maren/mail)\r\n",
            ),
            SOFT,
        ),
        (
            "qmail: no mailbox",
            plain(
                "Hi. This is the qmail-send program at mx.reader.example.\r\nI'm afraid I wasn't able to deliver your message to the "
                "following addresses.\r\nThis is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
                "<maren@reader.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the "
                "message.\r\n\r\nReturn-Path: <b+x@bounces.example>\r\n"
            ),
            HARD,
        ),
        (
            "qmail: connection refused",
            plain(
                "Hi. This is the qmail-send program at mx.reader.example.\r\nI'm afraid I wasn't able to deliver your message to the "
                "following addresses.\r\n\r\n<maren@reader.example>:\r\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\r\n"
                "I'm not going to try again; this message has been in the queue too long.\r\n"
            ),
            SOFT,
        ),
        (
            "SES: no mailbox",
            dsn(
                failed("5.1.1", "550 5.1.1 user unknown"),
                sender="MAILER-DAEMON@eu-west-1.amazonses.com",
                subject="Delivery Status Notification (Failure)",
            ),
            HARD,
        ),
        ("delivered", dsn(failed("2.0.0", "250 2.0.0 OK", action="relayed")), RECEIPT),
        (
            "one of two behind an alias",
            dsn(
                failed("5.1.1", "550 5.1.1 user unknown", recipient="old@reader.example"),
                failed("2.1.5", "250 ok", action="delivered", recipient="new@reader.example"),
            ),
            SOFT,
        ),
        ("nothing but a status", dsn(failed("5.1.1")), HARD),
        ("nothing at all", dsn(failed("5.0.0"), text="Sorry."), FAULT),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_report_is_put_where_it_belongs(name, raw, expected):
    assert judged(raw) == expected


@pytest.mark.parametrize(
    ("subject", "extra"),
    [
        ("Out of Office: News", ""),
        ("Automatic reply: News", "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"),
        ("Abwesenheitsnotiz: News", "Auto-Submitted: auto-replied\r\n"),
        ("Réponse automatique : News", ""),
        ("Re: News", "Auto-Submitted: auto-replied (vacation)\r\n"),
        ("On maternity leave", ""),
        ("Automatisk svar: News", ""),
        ("Re: News", "Precedence: auto_reply\r\n"),
        ("Re: News", "X-Autoreply: yes\r\n"),
        ("Mail delivery is slow in August, I am away", "Auto-Submitted: auto-replied\r\n"),
    ],
)
def test_a_holiday_reply_is_one_whatever_it_says(subject, extra):
    """mautic#2761: “this mailbox is disabled until Monday” made people lose their subscription."""
    text = "I am on holiday. This mailbox is disabled, user unknown, 550 5.1.1. My quota is exceeded anyway."
    sender = "Maren Thiessen <maren@reader.example>"
    encoded = subject if subject.isascii() else f"=?utf-8?q?{subject.replace(' ', '_').replace('é', '=C3=A9')}?="
    assert judged(plain(text, sender=sender, subject=encoded, extra=extra)) == AUTO


def exchange_letter(words):
    return plain(words, sender="postmaster@reader.example", subject="Undeliverable: News")


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "a letter of Exchange, without any status fields",
            exchange_letter(
                "Delivery has failed to these recipients or groups:\r\n\r\nmaren@reader.example\r\nThe address you entered couldn't be "
                "found.\r\n\r\nRemote server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'"
            ),
            HARD,
        ),
        ("a letter that quotes no code", exchange_letter("Sorry, this user is unknown here, it seems."), OTHER),
        (
            "status fields for an address beyond ASCII (RFC 6533)",
            dsn(failed("5.1.1", "550 5.1.1 user unknown")).replace(b"message/delivery", b"message/global-delivery"),
            HARD,
        ),
        (
            "a warning that names whom it could not reach yet",
            plain(
                "A message that you sent has not yet been delivered to one or more of its recipients.\r\n\r\n"
                "  maren@reader.example\r\n    Delay reason: mailbox is full\r\n",
                subject="Warning: message 1x-2y delayed 24 hours",
                extra="X-Failed-Recipients: maren@reader.example\r\nAuto-Submitted: auto-replied\r\n",
            ),
            DELAY,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_report_in_an_odd_form_is_understood_all_the_same(name, raw, expected):
    assert judged(raw) == expected


def test_status_fields_that_somebody_encoded_are_read():
    fields = base64.encodebytes(
        b"Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.2.2\nFinal-Recipient: rfc822; a@b.example\n"
    )
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + fields
        + b"\r\n--x--\r\n"
    )
    assert judged(raw) == SOFT


def test_outlooks_junk_report_is_a_complaint_though_it_is_no_feedback_report():
    raw = (
        b"From: staff@hotmail.com\r\nSubject: complaint about message from 192.0.2.1\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
        b"X-HmXmrOriginalRecipient: maren@hotmail.com\r\nSubject: News\r\n\r\nHello\r\n--x--\r\n"
    )
    found = verdicts.judge(raw)
    assert (found.kind, found.recipient) == ("complaint", "maren@hotmail.com")


def test_somebody_who_answers_is_left_alone():
    raw = plain("User unknown? I got it. Thank you!", sender="maren@reader.example", subject="Re: News")
    assert judged(raw) == OTHER


def test_a_blocked_server_is_never_the_contacts_fault():
    """mautic#9222: “Recipient rejected, your IP is blocked” was filed as an unknown user."""
    said = "550 5.1.1 <maren@reader.example>: Recipient rejected: your host [192.0.2.1] is blocked using bl.example"
    assert judged(dsn(failed("5.1.1", said))) == SENDER


def test_a_soft_bounce_stays_soft_however_final_it_sounds():
    """mautic#9190: a soft bounce led to “do not contact”."""
    assert judged(dsn(failed("5.2.2", "550 5.2.2 mailbox full, permanent error, giving up"))) == SOFT


def test_a_refusal_in_the_conversation_is_a_bounce_too():
    """listmonk#2623: 550 5.1.1 in the session was not counted."""
    found = verdicts.of_reply("550 5.1.1 User unknown")
    assert (found.kind, found.cause, found.status) == (verdicts.Kind.BOUNCE, Cause.HARD, "5.1.1")


def test_a_fault_of_the_message_blames_nobody():
    """notifuse#323: some refusals say something about the message alone."""
    assert judged(dsn(failed("5.3.4", "552 5.3.4 message size exceeds fixed limit"))) == FAULT
    assert judged(dsn(failed("5.6.0", "554 5.6.0 malformed MIME headers"))) == FAULT


def test_a_temporary_code_never_kills_an_address():
    assert judged(dsn(failed("4.1.1", "450 4.1.1 User unknown in virtual mailbox table"))) == SOFT


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("abuse", "complaint"), ("fraud", "complaint"), ("opt-out", "complaint"), ("not-spam", "other")],
)
def test_a_complaint_is_one_unless_it_says_that_it_is_no_spam(kind, expected):
    found = verdicts.judge(arf(kind=kind, fields="Original-Rcpt-To: maren@reader.example\r\n"))
    assert (found.kind, found.recipient) == (expected, "maren@reader.example")


@given(st.binary(max_size=3000))
def test_garbage_is_answered_calmly(raw):
    assert verdicts.judge(raw).kind in set(verdicts.Kind)


@given(st.text(max_size=500), st.sampled_from(["5.1.1", "4.2.2", "9.9.9", "", "5.7.999999", "x"]))
def test_any_report_gets_a_verdict(said, status):
    assert verdicts.judge(dsn(failed(status, said.replace("\r", " ").replace("\n", " ")))).kind in set(verdicts.Kind)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 5000,
        b"Content-Type: multipart/report; boundary=x\r\n\r\n"
        + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 3000,
        b"Content-Type: message/delivery-status\r\n\r\nAction: \xff\xfe\r\nStatus: =?nonsense?q?x?=\r\n",
        b"From: =?x-none?b?////?=\r\nSubject: =?utf-8?b?!!!!?=\r\nContent-Type: text/plain; charset=nothing\r\n\r\n\xff",
        b"From: mailer-daemon@x\r\nSubject: failure\r\n\r\n" + b"user unknown " * 400_000,
        b"".join(b"Content-Type: message/rfc822\r\n\r\n" for _ in range(4000)),
    ],
)
def test_mail_made_to_break_it_is_answered_calmly(raw):
    assert verdicts.judge(raw).kind in set(verdicts.Kind)


@pytest.mark.parametrize("piece", ["a.", "-.", ". a", "user ", "is was ", "\n", "\n>", "<", "550 5.", "a@", "(", "\t "])
def test_words_made_to_keep_it_busy_do_not(piece):
    """Each of these once cost hours in some pattern or could: they end, which is all that is asked here."""
    words = "user mailbox domain host unknown " + piece * (400_000 // len(piece))
    for raw in (plain(words), dsn(failed("5.0.0", words[:3000].replace("\n", " ")), text=words)):
        assert verdicts.judge(raw).kind in set(verdicts.Kind)


def test_the_samples_of_others_are_understood():
    """flufl.bounce's own samples: what they are was said by hand here, by reading them."""
    found = {path.stem: judged(path.read_bytes()) for path in sorted(SAMPLES.glob("*.txt"))}
    assert len(found) == 117
    hard = "postfix_01 dsn_10 dsn_11 dsn_14 dsn_16 exim_01 qmail_03 qmail_04 yahoo_03 yahoo_10 yahoo_11 simple_04 simple_15"
    soft = "dsn_01 dsn_02 dsn_04 newmailru_01 postfix_02 postfix_04 qmail_02 qmail_06 simple_07 simple_38 simple_44 yahoo_01"
    for names, expected in (
        (hard, HARD),
        (soft, SOFT),
        ("dsn_05 dsn_06 dsn_07 dsn_08 dsn_17 simple_03 simple_21 simple_28 simple_40", DELAY),
        ("dsn_09 simple_42", SENDER),
        ("dsn_03", FAULT),
        ("qmail_08", AUTO),
        ("dumbass_01 groupwise_03", OTHER),
    ):
        assert {name: found[name] for name in names.split()} == dict.fromkeys(names.split(), expected)


def test_addresses_in_a_reply_say_nothing():
    assert explain("450 <spam-policy@full-mailbox.example>: something odd").cause == Cause.MESSAGE_FAULT
