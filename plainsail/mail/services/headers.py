"""Header lines and addresses that nothing can be smuggled into, whoever wrote the values."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from email.utils import format_datetime

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.errors import Refusal

PLAIN = re.compile(r"[\x20-\x7e]*")
# RFC 5322 §3.2.3 atoms with dots and spaces; anything else in a display name is quoted or encoded.
PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
ENCODED_BYTES = 42
"""Bytes of UTF-8 in one encoded word, so that with its frame it stays under 75 characters (RFC 2047 §2)."""

_is_address = EmailValidator(allowlist=["localhost"])


class Unmailable(Refusal):
    """No mail can be addressed like that."""

    code = "unmailable"
    message = _("That is not an address that mail can be sent to.")
    status = 422


def one_line(value: str) -> str:
    """Every control character and line break becomes a space; runs of blanks become one."""
    return " ".join("".join(character if character.isprintable() else " " for character in value).split())


def address(value: str) -> str:
    """A bare address in ASCII, fit for an envelope and a header. Raises Unmailable."""
    bare = value.strip()
    try:
        _is_address(bare)
        local, _at, domain = bare.rpartition("@")
        ascii_domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except (ValidationError, UnicodeError):
        raise Unmailable from None
    if not local.isascii() or not PLAIN.fullmatch(local) or any(character in local for character in ' <>,;"'):
        raise Unmailable
    return f"{local}@{ascii_domain}"


def encoded(value: str) -> str:
    """Unstructured text for a header: as it is in plain ASCII, else as encoded words on folded lines (RFC 2047)."""
    line = one_line(value)
    if PLAIN.fullmatch(line) and "=?" not in line and len(line) < 900:
        return line
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in _pieces(line))


def mailbox(name: str, bare: str) -> str:
    """`name <address>`. The address must have passed `address`."""
    shown = one_line(name)
    if not shown:
        return bare
    if shown.isascii() and "=?" not in shown:
        if PHRASE.fullmatch(shown):
            return f"{shown} <{bare}>"
        if len(shown) < 70:
            quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{quoted}" <{bare}>'
    words = "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in _pieces(shown))
    return f"{words}\r\n <{bare}>"


def date(at: datetime) -> str:
    """A moment as the Date header has it."""
    return format_datetime(at)


def _pieces(line: str) -> list[bytes]:
    """UTF-8 in bites that break no character."""
    pieces, current = [], b""
    for character in line:
        more = character.encode()
        if len(current) + len(more) > ENCODED_BYTES:
            pieces.append(current)
            current = b""
        current += more
    return [*pieces, current]
