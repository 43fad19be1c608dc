"""A connection to the mail server, and what its answers mean. Django-free."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import unquote, urlsplit

from plainsail.kernel import environment
from plainsail.kernel.environment import BadEnvironment
from plainsail.mail.services.replies import Cause

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


@dataclass(kw_only=True, slots=True)
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

    def release(self) -> tuple[socket.socket, dict[str, str]]:
        """The connection itself, signed in, with what the server can do (names in lower case). It is the caller's now."""
        assert self._smtp is not None
        assert self._smtp.sock is not None
        sock, features = self._smtp.sock, {name.lower(): value for name, value in self._smtp.esmtp_features.items()}
        self._smtp = None
        return sock, features

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def stuffed(content: bytes) -> bytes:
    """The message as DATA carries it, without the lone dot at the end: leading dots doubled (RFC 5321 §4.5.2)."""
    body = content.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def said(code: int, text: bytes) -> str:
    """A reply on one line, at most 500 characters, safe to store."""
    line = f"{code} {text.decode('utf-8', 'replace')}"
    if not line.isprintable():
        line = "".join(character if character.isprintable() else " " for character in line)
    return line.strip()[:500]


def words(error: Exception) -> str:
    """A connection's failure on one line, without any password."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return said(error.smtp_code, text)
    return f"{type(error).__name__}: {error}"[:500]
