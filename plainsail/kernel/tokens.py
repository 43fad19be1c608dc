"""Tokens of tracked links and open pixels: compact, signed, never expiring. Django-free, a few microseconds each.

A click's target stands inside its signed token, so the redirect is never an open one. Layout, base64url without
padding: 16-byte code, then workspace, delivery and contact (16 bytes each), then for a click its address in UTF-8.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from plainsail.kernel.crypto import MAC_BYTES, URL_SAFE, BadToken, keyed, unwrap, url_safe

__all__ = [
    "BadToken",
    "Click",
    "Open",
    "Signer",
    "click_token",
    "open_token",
    "read_click",
    "read_click_hex",
    "read_open",
    "read_open_hex",
]

MAX_URL_BYTES = 2000
MAX_TOKEN_LENGTH = 4 * (MAC_BYTES + 48 + MAX_URL_BYTES) // 3 + 4
CLICK = "tracking.click"
OPEN = "tracking.open"


class Click(NamedTuple):
    """What a click's token says."""

    workspace_id: UUID
    delivery_id: UUID
    contact_id: UUID
    url: str


class Open(NamedTuple):
    """What an open pixel's token says."""

    workspace_id: UUID
    delivery_id: UUID
    contact_id: UUID


class Signer:
    """Makes the tokens of one workspace's mail; for loops over many recipients."""

    def __init__(self, workspace_id: UUID) -> None:
        self._workspace = workspace_id.bytes
        self._click, self._open = keyed(CLICK).copy(), keyed(OPEN).copy()
        self._click.update(self._workspace)
        self._open.update(self._workspace)

    def click(self, delivery_id: UUID, contact_id: UUID, url: str) -> str:
        """Token for `/c/<token>`. Raises ValueError for an address that is not http(s) or over 2,000 bytes."""
        target = url.encode()
        if not is_target(url) or len(target) > MAX_URL_BYTES:
            raise ValueError("A tracked link goes to an http or https address of at most 2,000 bytes.")
        return self._token(self._click, delivery_id.bytes + contact_id.bytes + target).decode()

    def open(self, delivery_id: UUID, contact_id: UUID) -> str:
        """Token for `/o/<token>`."""
        return self._token(self._open, delivery_id.bytes + contact_id.bytes).decode()

    def _token(self, begun: hashlib.blake2b, rest: bytes) -> bytes:
        mac = begun.copy()
        mac.update(rest)
        return url_safe(mac.digest() + self._workspace + rest)

    def set_of(self, targets: Sequence[bytes]) -> TokenSet:
        """For mail to many: click tokens of targets that `is_target` has passed, and the open token behind them."""
        return TokenSet(self._workspace, self._click, self._open, targets)


class TokenSet:
    """All tokens of one mail, for one recipient after the other. A token is three pieces put together: its own code
    (CODE characters), a middle that all tokens of a recipient share (MIDDLE characters), and a tail that says where the link
    leads and depends on the recipient by one byte alone: so it is made once for each of that byte's values.
    """

    CODE, MIDDLE = 24, 60

    def __init__(
        self, workspace: bytes, click: hashlib.blake2b, opened: hashlib.blake2b, targets: Sequence[bytes]
    ) -> None:
        self._click, self._open, self._targets = click, opened, targets
        # 16 bytes of code and two more are whole groups of three, as base64 has them; so are the 45 that follow.
        self._joint, self._rest = workspace[:2], workspace[2:]
        self._places = [slice(at, at + self.CODE) for at in range(0, self.CODE * (len(targets) + 1), self.CODE)]

    def codes(self, ids: bytes) -> list[bytes]:
        """The first pieces, in the order of the targets; the open token's is the last. `ids` are delivery and contact."""
        begun, opened, made = self._click.copy(), self._open.copy(), []
        begun.update(ids)
        opened.update(ids)
        copy = begun.copy
        for target in self._targets:
            mac = copy()
            mac.update(target)
            made.append(mac.digest())
        made.append(opened.digest())
        text = b2a_base64(self._joint.join(made) + self._joint, newline=False).translate(URL_SAFE)
        return [text[place] for place in self._places]

    def middle(self, ids: bytes) -> bytes:
        """The piece that they share."""
        return url_safe(self._rest + ids[:31])

    def tails(self, last: int) -> list[bytes]:
        """The last pieces, by the last byte of `ids`. To be kept: there are 256 sets of them."""
        return [url_safe(bytes([last]) + target) for target in (*self._targets, b"")]


def click_token(*, workspace_id: UUID, delivery_id: UUID, contact_id: UUID, url: str) -> str:
    """Token for `/c/<token>`. Raises ValueError for an address that is not http(s) or over 2,000 bytes."""
    return Signer(workspace_id).click(delivery_id, contact_id, url)


def open_token(*, workspace_id: UUID, delivery_id: UUID, contact_id: UUID) -> str:
    """Token for `/o/<token>`."""
    return Signer(workspace_id).open(delivery_id, contact_id)


def read_click(token: str) -> Click:
    """What a click's token says. Raises BadToken."""
    workspace, delivery, contact, url = read_click_hex(token)
    return Click(UUID(workspace), UUID(delivery), UUID(contact), url)


def read_open(token: str) -> Open:
    """What an open pixel's token says. Raises BadToken."""
    return Open(*map(UUID, read_open_hex(token)))


def read_click_hex(token: str) -> tuple[str, str, str, str]:
    """Workspace, delivery and contact as hex digits, and the address; for who only passes them on. Raises BadToken."""
    body = _body(CLICK, token)
    return (*_hex(body), _target(body))


def read_open_hex(token: str) -> tuple[str, str, str]:
    """Workspace, delivery and contact as hex digits; for who only passes them on. Raises BadToken."""
    body = _body(OPEN, token)
    if len(body) != 48:
        raise BadToken
    return _hex(body)


def is_target(url: str) -> bool:
    """Whether a redirect may lead there: http or https, with a host, without spaces or control characters."""
    if not url.isprintable() or any(character in url for character in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are no address, or a port that is no number
        return False


def _body(purpose: str, token: str) -> bytes:
    if len(token) > MAX_TOKEN_LENGTH:
        raise BadToken
    body = unwrap(purpose, token)
    if len(body) < 48:
        raise BadToken
    return body


def _hex(body: bytes) -> tuple[str, str, str]:
    digits = body[:48].hex()
    return digits[:32], digits[32:64], digits[64:]


def _target(body: bytes) -> str:
    try:
        url = body[48:].decode()
    except UnicodeDecodeError:
        raise BadToken from None
    if not is_target(url):
        raise BadToken
    return url
