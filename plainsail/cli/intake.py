"""The door for mail that comes back and for reports: SMTP or LMTP, each message in the database before it is answered."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connections

from plainsail.cli.lifeline import announce_ready
from plainsail.kernel.crypto import BadToken
from plainsail.mail.services import dmarc_addresses, return_paths, returns

LARGEST_MESSAGE = 10_000_000
PATIENCE = 60.0
"""Seconds that a client may be silent."""
AT_A_TIME = 4
"""Messages that are taken in side by side; others wait for their answer."""
MOST_RECIPIENTS = 50
MOST_CONNECTIONS = 100
REPORTS = frozenset({"fbl", "abuse", "postmaster"})
"""Addresses that complaints and people who run mail servers write to (RFC 5321 §4.5.1)."""
READERS: Mapping[str, Callable[[str], object]] = {"b+": return_paths.read, "d+": dmarc_addresses.read}
"""What the addresses begin with that are made here: for bounces, and for reports about a sending domain."""

logger = logging.getLogger("plainsail.mail")


class Door:
    """aiosmtpd's handler: turns away what isn't addressed to a return path of ours, and keeps the rest."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._turns = asyncio.Semaphore(AT_A_TIME)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        local, _at, domain = address.strip("<>").rpartition("@")
        if domain.lower() == self.domain and local.lower() in REPORTS:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 OK"
        read = READERS.get(local[:2].lower())
        if read is None:
            return "550 5.1.1 Nobody here; only bounces and reports are taken in"
        try:
            read(local[2:].lower())
        except BadToken:
            return "550 5.1.1 This return path was not made here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content if isinstance(envelope.original_content, bytes) else b""
        async with self._turns:
            try:
                await asyncio.to_thread(_take_in, content, list(envelope.rcpt_tos))
            except Exception:
                logger.exception("mail that came back was not taken in")
                return "451 4.3.0 Not now, try again later"
        return "250 2.0.0 Taken in"


def _take_in(content: bytes, recipients: list[str]) -> None:
    at = datetime.now(UTC)
    try:
        # Mail to several return paths is about several messages.
        for recipient in recipients:
            to = [] if recipient.partition("@")[0].lower() in REPORTS else [recipient]
            returns.take_in(content, received_at=at, to=to, via="smtp")
    finally:
        # Bounces are rare: a connection that was kept might be a dead one by the next.
        connections.close_all()


def serve(*, host: str, port: int, domain: str, protocol: str) -> None:
    """Take in mail until a signal says stop. Blocks. Raises OSError if the port is taken."""
    asyncio.run(_serve(host, port, domain, protocol))


async def _serve(host: str, port: int, domain: str, protocol: str) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await open_door(host=host, port=port, domain=domain, protocol=protocol)
    announce_ready()
    await stop.wait()
    server.close()


async def open_door(*, host: str, port: int, domain: str, protocol: str) -> asyncio.Server:
    """Listen, and return the server that does."""
    loop = asyncio.get_running_loop()
    door = Door(domain)
    kind = LMTP if protocol == "lmtp" else SMTP
    open_now: set[object] = set()

    class Counted(kind):  # type: ignore[misc,valid-type]  # one of two classes
        """Turns further connections away while there are too many."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if len(open_now) >= MOST_CONNECTIONS:
                assert isinstance(transport, asyncio.Transport)
                transport.write(b"421 4.7.0 Too many connections\r\n")
                transport.close()
                return
            open_now.add(self)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            if self in open_now:
                open_now.discard(self)
                super().connection_lost(error)

    def session() -> SMTP:
        return Counted(
            door,
            hostname=domain,
            ident="Plainsail",
            data_size_limit=LARGEST_MESSAGE,
            decode_data=False,
            timeout=PATIENCE,
            loop=loop,
        )

    return await loop.create_server(session, host=host, port=port, reuse_address=True)
