"""Signing, sealing and keyed hashing, each for a named purpose. Django-free: the edge signs and reads the same tokens.

Every purpose has its own key, derived from SECRET_KEY by BLAKE2b, so a token made for one can't be used for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
from binascii import b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from plainsail.kernel import environment

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MAC_BYTES = 16
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class BadToken(Exception):
    """The token is forged, damaged, of another purpose, or too old."""


@lru_cache(maxsize=256)
def purpose_key(purpose: str) -> bytes:
    """32 bytes of key for one purpose."""
    secret = environment.current().secret_key.encode()
    return hashlib.blake2b(
        purpose.encode(), key=hashlib.blake2b(secret, digest_size=64).digest(), digest_size=32
    ).digest()


@lru_cache(maxsize=256)
def keyed(purpose: str) -> hashlib.blake2b:
    """A code of one purpose that has taken its key in and nothing else: copy it. Taking the key in is half of the work."""
    return hashlib.blake2b(key=purpose_key(purpose), digest_size=MAC_BYTES)


def mac(purpose: str, payload: bytes) -> bytes:
    """16-byte message authentication code (keyed BLAKE2b, RFC 7693)."""
    made = keyed(purpose).copy()
    made.update(payload)
    return made.digest()


def url_safe(raw: bytes) -> bytes:
    """Base64url without padding, in one pass for senders who make millions."""
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=")


def sign(purpose: str, payload: bytes, *, at: float | None = None) -> str:
    """URL-safe token of a payload and the second it was signed."""
    body = struct.pack(">Q", int(time.time() if at is None else at)) + payload
    return url_safe(mac(purpose, body) + body).decode()


def verify(purpose: str, token: str, *, max_age: float | None = None) -> bytes:
    """The payload of a token signed for this purpose, at most `max_age` seconds ago. Raises BadToken."""
    body = unwrap(purpose, token)
    if len(body) < 8:
        raise BadToken
    signed_at = struct.unpack(">Q", body[:8])[0]
    if max_age is not None and time.time() - signed_at > max_age:
        raise BadToken
    return body[8:]


def unwrap(purpose: str, token: str) -> bytes:
    """What follows the code in a token, once the code is found right. Raises BadToken."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, UnicodeEncodeError):
        raise BadToken from None
    if len(raw) <= MAC_BYTES or not hmac.compare_digest(raw[:MAC_BYTES], mac(purpose, raw[MAC_BYTES:])):
        raise BadToken
    return raw[MAC_BYTES:]


def sign_json(purpose: str, payload: dict[str, Any], *, at: float | None = None) -> str:
    return sign(purpose, json.dumps(payload, separators=(",", ":"), sort_keys=True).encode(), at=at)


def verify_json(purpose: str, token: str, *, max_age: float | None = None) -> dict[str, Any]:
    """The dictionary of a token made by `sign_json`. Raises BadToken."""
    value = json.loads(verify(purpose, token, max_age=max_age))
    if not isinstance(value, dict):
        raise BadToken
    return value


def keyed_hash(purpose: str, value: str) -> str:
    """Hex digest that only this installation can recompute: recognises an address without keeping it."""
    return hashlib.blake2b(value.encode(), key=purpose_key(purpose), digest_size=20).hexdigest()


def encrypt(purpose: str, value: str) -> str:
    """Seal a secret for the database (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _box(purpose).encrypt(value.encode()).decode()


def decrypt(purpose: str, sealed: str) -> str:
    """Open what `encrypt` sealed. Raises BadToken."""
    from cryptography.fernet import InvalidToken

    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise BadToken from None


def _box(purpose: str) -> Fernet:
    # Here, since every sending process begins by loading this module, and seals nothing: it is a tenth of what that costs.
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(purpose_key(f"seal:{purpose}")))
