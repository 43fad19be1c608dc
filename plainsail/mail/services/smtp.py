"""One conversation with the mail server: connect, hand messages over one by one, and say exactly what became of each."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import unquote, urlsplit

from plainsail.kernel import environment
from plainsail.kernel.environment import BadEnvironment
from plainsail.mail.services.replies import Cause, classify

TIMEOUT = 30.0
"""Seconds that a server may take for one answer."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Fate(StrEnum):
    """What is known of a message after handing it over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PUT_OFF = "put_off"
    """The server surely did not take it, and may later."""
    UNKNOWN = "unknown"
    """It was all sent, and no answer came."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A message's fate in the server's words; `cause` where it was refused."""

    fate: Fate
    reply: str = ""
    cause: Cause | None = None


class Unreachable(Exception):
    """No conversation could be opened, or it is over: nothing of the next message has been handed over."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where mail is handed over, from an address such as `smtps://user:password@mail.example.com:465`."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> Server:
        """Read `smtp://`, `smtp+starttls://` or `smtps://`. Raises BadEnvironment."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadEnvironment("SMTP_URL can’t be read; its port must be a number.") from error
        ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
        if parts.scheme not in ports or not parts.hostname:
            raise BadEnvironment(
                "SMTP_URL must look like smtp://host:25, smtp+starttls://host:587 or smtps://host:465."
            )
        if parts.username and parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
            raise BadEnvironment("SMTP_URL would send a password unencrypted. Use smtp+starttls:// or smtps://.")
        return cls(
            host=parts.hostname,
            port=port or ports[parts.scheme],
            security=parts.scheme,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


class Conversation:
    """An open connection, made by `open`; whoever opens it closes it."""

    def __init__(self, server: Server, *, timeout: float) -> None:
        self.server = server
        self.timeout = timeout
        self._smtp: smtplib.SMTP | None = None

    @classmethod
    def open(cls, server: Server, *, timeout: float = TIMEOUT) -> Self:
        """Connect and sign in. Raises Unreachable."""
        made = cls(server, timeout=timeout)
        try:
            made._smtp = made._connect()
            if server.user:
                made._smtp.login(server.user, server.password)
        except (smtplib.SMTPException, OSError) as error:
            made._drop()
            raise Unreachable(words(error)) from error
        return made

    def close(self) -> None:
        """Say goodbye, if anybody still listens."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._drop()

    def _connect(self) -> smtplib.SMTP:
        # Our own name for EHLO; smtplib would ask the DNS for one, which may take long where there is none.
        host, port, name = self.server.host, self.server.port, environment.current().host
        if self.server.security == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, name, timeout=self.timeout, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(host, port, name, timeout=self.timeout)
        smtp.ehlo_or_helo_if_needed()
        if self.server.security == "smtp+starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        return smtp

    def hand_over(self, content: bytes, *, sender: str, to: str) -> Answer:
        """Hand one message over: `content` with CRLF line ends, addresses bare and in ASCII.

        Raises Unreachable if the conversation was over before anything of it was sent. After a broken conversation the
        next call raises it.
        """
        if self._smtp is None:
            raise Unreachable("the connection is closed")
        try:
            return self._envelope(self._smtp, sender, to) or self._content(self._smtp, content)
        except smtplib.SMTPServerDisconnected as error:
            self._drop()
            return Answer(fate=Fate.PUT_OFF, reply=words(error))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Answer(fate=Fate.PUT_OFF, reply=words(error))

    def _envelope(self, smtp: smtplib.SMTP, sender: str, to: str) -> Answer | None:
        """The answer where the envelope is refused; None where content may follow."""
        code, text = smtp.mail(sender)
        if code != 250:
            return self._refused(smtp, code, text, cause=Cause.SENDER_REPUTATION)
        code, text = smtp.rcpt(to)
        if code not in (250, 251):
            return self._refused(smtp, code, text)
        code, text = smtp.docmd("DATA")
        if code != 354:
            return self._refused(smtp, code, text)
        return None

    def _content(self, smtp: smtplib.SMTP, content: bytes) -> Answer:
        # An incomplete message has no final dot, so a failure while sending means that it was not taken.
        smtp.send(stuffed(content))
        try:
            code, text = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Answer(fate=Fate.UNKNOWN, reply=words(error))
        if code == 250:
            return Answer(fate=Fate.ACCEPTED, reply=said(code, text))
        return self._refused(smtp, code, text)

    def _refused(self, smtp: smtplib.SMTP, code: int, text: bytes, *, cause: Cause | None = None) -> Answer:
        reply = said(code, text)
        if code == 421 or code < 0:
            self._drop()
        else:
            with suppress(smtplib.SMTPException, OSError):
                smtp.rset()
        if not 500 <= code < 600:
            return Answer(fate=Fate.PUT_OFF, reply=reply)
        return Answer(fate=Fate.REFUSED, reply=reply, cause=cause or classify(code, reply))

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def stuffed(content: bytes) -> bytes:
    """The message as DATA carries it: leading dots doubled, a lone dot at the end (RFC 5321 §4.5.2)."""
    body = content.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def said(code: int, text: bytes) -> str:
    """A reply on one line, at most 500 characters, safe to store."""
    line = f"{code} {text.decode('utf-8', 'replace')}"
    return "".join(character if character.isprintable() else " " for character in line).strip()[:500]


def words(error: Exception) -> str:
    """A connection's failure on one line, without any password."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return said(error.smtp_code, text)
    return f"{type(error).__name__}: {error}"[:500]
