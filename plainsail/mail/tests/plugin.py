"""A real mail server on loopback for tests: what was handed over stands in `outbox`, parsed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from plainsail.kernel import environment


class Outbox(list[EmailMessage]):
    """Messages in the order of arrival. `answers` lets the server say something else to an address, at RCPT or at DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.answers: dict[str, str] = {}
        self.answers_to_data: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        to = envelope.rcpt_tos[0]
        if to in self.answers_to_data:
            return self.answers_to_data[to]
        content = envelope.original_content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.recipients.append(to)
        self.senders.append(envelope.mail_from or "")
        message = message_from_bytes(content.replace(b"\r\n", b"\n"), policy=default)
        assert isinstance(message, EmailMessage)
        self.append(message)
        return "250 2.0.0 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """The messages that an address got."""
        return [message for message, to in zip(self, self.recipients, strict=True) if to == address]


class _Controller(Controller):
    """On a port that the system chooses, which is free also beside other workers of the test run."""

    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mail.test", enable_SMTPUTF8=True, decode_data=False)

    def _trigger_server(self) -> None:
        # aiosmtpd knocks at the port it was asked for, which is 0 here.
        with socket.create_connection((self.hostname, self.real_port), timeout=5):
            pass

    @property
    def real_port(self) -> int:
        assert self.server is not None
        return int(self.server.sockets[0].getsockname()[1])


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Outbox]:
    """What left, through real SMTP on loopback: mail of businesses, and of the installation itself."""
    settings.EMAIL_BACKEND = "plainsail.mail.backend.LedgerBackend"
    box = Outbox()
    controller = _Controller(box, hostname="127.0.0.1", port=0)
    controller.start()
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{controller.real_port}")
    environment.current.cache_clear()
    yield box
    controller.stop(no_assert=True)
    monkeypatch.undo()
    environment.current.cache_clear()
