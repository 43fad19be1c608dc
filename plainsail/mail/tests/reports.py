"""Mail that comes back, written for tests after the formats of the servers named."""

from __future__ import annotations

from plainsail.mail.services import verdicts

ORIGINAL = (
    "From: Juniper <hello@juniper.example>\r\nTo: maren@reader.example\r\nSubject: News\r\n"
    "Message-ID: <1@juniper.example>\r\n\r\nThe kiln is on. 550 5.1.1 User unknown is what we don't want.\r\n"
)


def dsn(
    *recipients,
    text="",
    sender="MAILER-DAEMON@mx.reader.example",
    subject="Undelivered Mail",
    extra="",
    original=ORIGINAL,
):
    """A report after RFC 3464. Each recipient is the lines of its block."""
    blocks = "\r\n\r\n".join(("Reporting-MTA: dns; mx.reader.example", *("\r\n".join(lines) for lines in recipients)))
    return (
        f"Return-Path: <>\r\nFrom: {sender}\r\nTo: b+x@bounces.example\r\nSubject: {subject}\r\n{extra}MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\r\n\r\n'
        f"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text or 'It could not be delivered.'}\r\n"
        f"--=_b\r\nContent-Type: message/delivery-status\r\n\r\n{blocks}\r\n\r\n"
        f"--=_b\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n--=_b--\r\n"
    ).encode()


def failed(status, said="", *, action="failed", recipient="maren@reader.example"):
    """The lines of one recipient's block."""
    lines = [f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}"]
    return [*lines, f"Diagnostic-Code: smtp; {said}"] if said else lines


def plain(text, *, sender="MAILER-DAEMON@mx.reader.example", subject="failure notice", extra=""):
    """A mail of one text."""
    head = f"Return-Path: <>\r\nFrom: {sender}\r\nSubject: {subject}\r\n{extra}MIME-Version: 1.0\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def arf(*, kind="abuse", original="", fields=""):
    """A complaint after RFC 5965."""
    return (
        "From: feedback@mailbox.example\r\nTo: fbl@bounces.example\r\nSubject: Complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=_f"\r\n\r\n'
        "--=_f\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        f"--=_f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: Mailbox/1.0\r\nVersion: 1\r\n"
        f"{fields}\r\n--=_f\r\nContent-Type: message/rfc822\r\n\r\n{original or ORIGINAL}\r\n--=_f--\r\n"
    ).encode()


def judged(raw):
    """(kind, cause) of a mail, as words."""
    found = verdicts.judge(raw)
    return (found.kind.value, found.cause.value if found.cause else None)
