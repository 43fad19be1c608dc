"""Messages made one at a time, from a subject and finished parts. Mail to many is compiled instead, see `compiling`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from plainsail.mail.services import headers
from plainsail.mail.services.bodies import Body


def message_id(row_id: UUID, domain: str) -> str:
    """Always the same for the same row, so that a repeated message can be told for what it is."""
    return f"<{row_id.hex}@{domain}>"


def build(
    body: Body,
    *,
    sender: tuple[str, str],
    to: str,
    row_id: UUID,
    at: datetime,
    reply_to: str = "",
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """The message as bytes with CRLF line ends. `sender` is (name, address); addresses must have passed `headers.address`.

    Nothing in a value can start a header line of its own.
    """
    name, address = sender
    lines = [
        f"From: {headers.mailbox(name, address)}",
        f"To: {to}",
        f"Subject: {headers.encoded(body.subject)}",
        f"Date: {headers.date(at)}",
        f"Message-ID: {message_id(row_id, address.rpartition('@')[2])}",
        "Auto-Submitted: auto-generated",
        *([f"Reply-To: {reply_to}"] if reply_to else []),
        *(f"{header}: {headers.encoded(value)}" for header, value in (extra or {}).items()),
    ]
    # The head is written by hand: the package loses blanks between encoded words when it folds a line.
    return ("\r\n".join(lines) + "\r\n").encode() + _parts(body).as_bytes()


def _parts(body: Body) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(body.text, charset="utf-8", cte="quoted-printable")
    if body.html:
        message.add_alternative(body.html, subtype="html", charset="utf-8", cte="quoted-printable")
    for each in body.attachments:
        main, _slash, sub = each.type.partition("/")
        if main.lower() in {"message", "multipart"}:
            main, sub = "application", "octet-stream"  # RFC 2046 §5: such parts must not be encoded as files are
        message.add_attachment(
            each.content,
            maintype=main or "application",
            subtype=sub or "octet-stream",
            filename=headers.one_line(each.name),
        )
    return message
