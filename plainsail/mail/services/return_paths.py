"""Return paths that say which message they belong to (VERP), signed: a bounce without its headers still finds its row.

`b+<62 letters and digits>@<bounce domain>`: workspace and delivery (16 bytes each) and 8 bytes of code, in base 36, since
servers on the way may change the case of letters. With `b+` that is the 64 characters that RFC 5321 §4.5.3.1.1 allows.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from plainsail.kernel import environment
from plainsail.kernel.crypto import BadToken, mac

PURPOSE = "mail.return_path"
CODE_BYTES = 8
LENGTH = 62
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
PAIRS = [first + second for first in DIGITS for second in DIGITS]
TAIL = 19
"""Digits of the last four bytes of a delivery's id and of the code."""
HEADER = "X-Plainsail-Return"
"""Stands in every message, so that a complaint that quotes it finds its row too."""

LOOKS_LIKE_ONE = re.compile(r"\bb\+([0-9a-z]{62})@([a-z0-9.-]+)", re.IGNORECASE)


class Row(NamedTuple):
    """The message that a return path belongs to."""

    workspace_id: UUID
    delivery_id: UUID


@lru_cache(maxsize=64)
def token(workspace_id: UUID, delivery_id: UUID) -> str:
    """62 characters, the same for ever. Some microseconds; a message asks for its own twice."""
    body = workspace_id.bytes + delivery_id.bytes
    stem, ends = _stem(body[:28])
    carry, number = divmod(stem + int.from_bytes(body[28:] + mac(PURPOSE, body)[:CODE_BYTES]), 36**TAIL)
    return ends[carry] + _digits(number, TAIL)


@lru_cache(maxsize=64)
def _stem(start: bytes) -> tuple[int, tuple[str, str]]:
    """Of the bytes that a token starts with: what they leave for the last TAIL digits, and the digits before those, should
    nothing be carried over to them, and should one. Rows made together share these bytes, so that is most of the work done once.
    """
    high, rest = divmod(int.from_bytes(start) << 8 * (4 + CODE_BYTES), 36**TAIL)
    return rest, (_digits(high, LENGTH - TAIL), _digits(high + 1, LENGTH - TAIL))


def _digits(number: int, many: int) -> str:
    found = []
    for _pair in range((many + 1) // 2):
        number, pair = divmod(number, 1296)
        found.append(PAIRS[pair])
    return "".join(reversed(found))[-many:]


def marked(workspace_id: UUID, delivery_id: UUID, sender: str) -> str:
    """What the header says that names a message's own row."""
    return f"b+{token(workspace_id, delivery_id)}@{sender.rpartition('@')[2]}"


def read(given: str) -> Row:
    """What a token says. Raises BadToken for one that was not made here."""
    return Row(*ids_in(given, purpose=PURPOSE))


def ids_in(given: str, *, purpose: str) -> tuple[UUID, UUID]:
    """The two ids in a token of a purpose. Raises BadToken for one that was not made here."""
    if len(given) != LENGTH or not given.isascii() or not given.isalnum():
        raise BadToken
    number = int(given, 36)
    if number >= 1 << (8 * (32 + CODE_BYTES)):
        raise BadToken
    raw = number.to_bytes(32 + CODE_BYTES)
    if not hmac.compare_digest(raw[32:], mac(purpose, raw[:32])[:CODE_BYTES]):
        raise BadToken
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:32])


def first(places: Iterable[str]) -> tuple[Row | None, bool]:
    """The first genuine return path in these words; and whether there was one that is not."""
    is_forged = False
    for place in places:
        for found in LOOKS_LIKE_ONE.finditer(place):
            try:
                return read(found[1].lower()), is_forged
            except BadToken:
                is_forged = True
    return None, is_forged


class ReturnPath:
    """Where bounces of one sender's mail go: `of` gives each message its own address."""

    def __init__(self, workspace_id: UUID, *, domain: str, otherwise: str) -> None:
        self.workspace_id, self.domain, self.otherwise = workspace_id, domain, otherwise

    def of(self, delivery_id: UUID) -> str:
        """The envelope's sender of a message; where nobody takes bounces in, the visible sender."""
        return f"b+{token(self.workspace_id, delivery_id)}@{self.domain}" if self.domain else self.otherwise


def of_sender(workspace_id: UUID, address: str) -> ReturnPath:
    """The return path of mail from an address: under the sender's own domain where that leads here, else the installation's.

    One query.
    """
    from plainsail.mail.services import domains  # the rest of this is for sending processes, which know no Django

    domain = environment.current().bounce_domain
    if domain:
        own = domains.covering(address)
        domain = own.return_domain if own is not None and own.return_path_works else domain
    return ReturnPath(workspace_id, domain=domain, otherwise=address)
