"""The local mail catcher: SMTP on loopback, every message into a Maildir that the owner reads at /mailbox/."""

import asyncio
import mailbox
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from plainsail.cli.lifeline import announce_ready

LARGEST_MESSAGE = 40 * 1024 * 1024
MOST_MESSAGES = 20_000
"""Messages kept; the oldest go when there are more."""
TRIM_EVERY = 500


class Catcher:
    """aiosmtpd's handler: accepts every recipient and keeps the message with its envelope."""

    def __init__(self, folder: Path) -> None:
        self.maildir = mailbox.Maildir(folder, create=True)
        self._until_trim = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the message; the answer is given only once it is on disk."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        names = [
            f"X-Envelope-From: {envelope.mail_from or '<>'}",
            *(f"X-Envelope-To: {to}" for to in envelope.rcpt_tos),
        ]
        # Put before the message and not parsed into it, so that what was sent is kept byte by byte.
        self.maildir.add("".join(f"{name}\r\n" for name in names).encode() + content)
        self._trim()
        return "250 Kept for the mailbox"

    def _trim(self) -> None:
        self._until_trim -= 1
        if self._until_trim > 0:
            return
        self._until_trim = TRIM_EVERY
        # A Maildir's names begin with the second of arrival.
        for key in sorted(self.maildir.keys(), key=_arrival)[:-MOST_MESSAGES]:
            self.maildir.discard(key)


def catch(folder: Path, *, host: str, port: int) -> None:
    """Take in mail until a signal says stop. Blocks. Raises OSError if the port is taken."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_serve(Catcher(folder), host, port))


async def _serve(catcher: Catcher, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def session() -> SMTP:
        return SMTP(
            catcher, hostname="plainsail.localhost", data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True, loop=loop
        )

    server = await loop.create_server(session, host=host, port=port, reuse_address=True)
    announce_ready()
    await stop.wait()
    server.close()


def _arrival(key: str) -> tuple[int, str]:
    seconds = key.split(".", 1)[0]
    return (int(seconds) if seconds.isdigit() else 0, key)
