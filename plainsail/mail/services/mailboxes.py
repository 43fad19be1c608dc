"""Bounces from a mailbox (IMAP), where no port can be opened for them: read, taken in, filed away. Nothing is lost in it.

A message is moved to a folder of ours only after it was taken in and committed; what a server can't move stays where it
is and is marked. A kill between the two means that it is read again, which changes nothing.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from plainsail.kernel import clock, environment
from plainsail.kernel.environment import BadEnvironment
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction
from plainsail.mail.services import returns

logger = logging.getLogger("plainsail.mail")

TIMEOUT = 30.0
AT_MOST = 500
"""Messages of one round; the rest is for the next."""
LARGEST = 10_000_000
"""Bytes fetched of one message."""
DONE, STRAY = "Plainsail-Done", "Plainsail-Other"
TAKEN = "PlainsailTaken"
"""The keyword on messages that could not be moved."""


@dataclass(frozen=True)
class Mailbox:
    """Where bounces lie, from an address such as `imaps://user:password@mail.example.com/INBOX`."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str
    folder: str

    @classmethod
    def from_url(cls, url: str) -> Mailbox:
        """Raises BadEnvironment."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadEnvironment("BOUNCE_IMAP_URL can’t be read; its port must be a number.") from error
        if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
            raise BadEnvironment("BOUNCE_IMAP_URL must look like imaps://user:password@mail.example.com/INBOX.")
        if parts.scheme == "imap" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise BadEnvironment("BOUNCE_IMAP_URL would send a password unencrypted. Use imaps://.")
        return cls(
            host=parts.hostname,
            port=port or (993 if parts.scheme == "imaps" else 143),
            is_tls=parts.scheme == "imaps",
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
        )


@job("mail.fetch_returned")
@outside_transaction
def fetch() -> None:
    """Read the mailbox of bounces, if there is one. A server that is away is asked again in five minutes."""
    url = environment.current().bounce_imap_url
    if not url:
        return
    try:
        read_all(Mailbox.from_url(url))
    except (imaplib.IMAP4.error, OSError) as error:
        logger.warning(
            "the mailbox of bounces can't be read", extra={"reason": f"{type(error).__name__}: {error}"[:300]}
        )


def read_all(box: Mailbox) -> int:
    """Take in what lies there, oldest first, and file it away; returns how many. Raises IMAP4.error, OSError."""
    with _signed_in(box) as imap:
        _ask(imap.select(_quoted(box.folder)))
        for folder in (DONE, STRAY):
            imap.create(_quoted(folder))  # says no where it is there
        mover = _mover(imap)
        uids = _ask(imap.uid("SEARCH", f"UNDELETED UNKEYWORD {TAKEN}"))[0] or b""
        count = 0
        for uid in uids.decode().split():
            if count == AT_MOST:
                break
            try:
                count += _take(imap, uid, mover)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                # One that the server can't give out or move keeps nothing behind it from being read.
                logger.warning("a returned mail can't be read", extra={"uid": uid, "reason": str(error)[:300]})
        return count


def _take(imap: imaplib.IMAP4, uid: str, move: Callable[[str, str], None]) -> int:
    """Take in one message and file it away; returns 1, or 0 where it is gone meanwhile. Raises IMAP4.error."""
    raw = _message(imap, uid)
    if raw is None:
        return 0
    taken = returns.take_in(raw, received_at=clock.now(), via="imap")
    move(uid, STRAY if taken.fate == returns.Fate.STRAY else DONE)
    return 1


@contextmanager
def _signed_in(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    imap = (
        imaplib.IMAP4_SSL(box.host, box.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        if box.is_tls
        else imaplib.IMAP4(box.host, box.port, timeout=TIMEOUT)
    )
    try:
        imap.login(box.user, box.password)
        yield imap
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            imap.logout()


def _message(imap: imaplib.IMAP4, uid: str) -> bytes | None:
    """The bytes of a message, not marked as read by it; None where it is gone meanwhile."""
    answer = _ask(imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)"))
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple) and len(part) > 1), None)


def _mover(imap: imaplib.IMAP4) -> Callable[[str, str], None]:
    """How this server files something away: in one step (RFC 6851), or by a copy; else it is only marked."""

    def move(uid: str, folder: str) -> None:
        _ask(imap.uid("MOVE", uid, _quoted(folder)))

    def copy(uid: str, folder: str) -> None:
        _ask(imap.uid("COPY", uid, _quoted(folder)))
        _ask(imap.uid("STORE", uid, "+FLAGS", f"({TAKEN} \\Seen)"))

    return move if "MOVE" in imap.capabilities else copy


def _ask(answer: tuple[str, list[Any]]) -> list[Any]:
    """What a server answered. Raises IMAP4.error where it said no."""
    state, found = answer
    if state != "OK":
        raise imaplib.IMAP4.error(f"the server said {state}: {found!r}"[:300])
    return found


def _quoted(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
