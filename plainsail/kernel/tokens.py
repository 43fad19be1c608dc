"""Tokens of tracked links and open pixels: compact, signed, never expiring. Django-free, a few microseconds each.

A click's target stands inside its signed token, so the redirect is never an open one. Layout, base64url without
padding: 16-byte code, then workspace, delivery and contact (16 bytes each), then for a click its address in UTF-8.
"""

from __future__ import annotations

import base64
import hashlib
from binascii import b2a_base64
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from plainsail.kernel.crypto import MAC_BYTES, BadToken, purpose_key, unwrap

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
URL_SAFE = bytes.maketrans(b"+/", b"-_")
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
        self._click = hashlib.blake2b(key=purpose_key(CLICK), digest_size=MAC_BYTES)
        self._open = hashlib.blake2b(key=purpose_key(OPEN), digest_size=MAC_BYTES)
        self._click_here, self._open_here = self._click.copy(), self._open.copy()
        self._click_here.update(self._workspace)
        self._open_here.update(self._workspace)

    def click(self, delivery_id: UUID, contact_id: UUID, url: str) -> str:
        """Token for `/c/<token>`. Raises ValueError for an address that is not http(s) or over 2,000 bytes."""
        target = url.encode()
        if not is_target(url) or len(target) > MAX_URL_BYTES:
            raise ValueError("A tracked link goes to an http or https address of at most 2,000 bytes.")
        return self._token(self._click.copy(), delivery_id.bytes + contact_id.bytes + target)

    def open(self, delivery_id: UUID, contact_id: UUID) -> str:
        """Token for `/o/<token>`."""
        return self._token(self._open.copy(), delivery_id.bytes + contact_id.bytes)

    def raw_click(self, ids: bytes, target: bytes) -> bytes:
        """The same token for targets that `is_target` has passed; `ids` are delivery and contact. For many at a time."""
        return self._raw(self._click_here, ids + target)

    def raw_open(self, ids: bytes) -> bytes:
        """Token for `/o/<token>` in bytes."""
        return self._raw(self._open_here, ids)

    def _raw(self, begun: hashlib.blake2b, rest: bytes) -> bytes:
        mac = begun.copy()
        mac.update(rest)
        token = b2a_base64(mac.digest() + self._workspace + rest, newline=False)
        return token.translate(URL_SAFE, b"=")

    def _token(self, mac: hashlib.blake2b, rest: bytes) -> str:
        body = self._workspace + rest
        mac.update(body)
        return base64.urlsafe_b64encode(mac.digest() + body).rstrip(b"=").decode()


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
