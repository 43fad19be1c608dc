"""Header lines and envelopes that nothing can be smuggled into, whoever wrote the values. Django-free: senders fill them by the million."""

from __future__ import annotations

import base64
import re
import unicodedata
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from plainsail.kernel.domain_names import in_ascii

# Joiners, which Persian, Indic letters and families need; marks of direction; the letters of flags such as Scotland’s.
JOINING = re.compile("[\u200c-\u200f\U000e0020-\U000e007f]")
PLAIN = re.compile(r"[\x20-\x7e]*")
# RFC 5322 §3.2.3 atoms with dots and spaces; anything else in a display name is quoted or encoded.
PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
ENCODED_BYTES = 42
"""Bytes of UTF-8 in one encoded word, so that with its frame it stays under 75 characters (RFC 2047 §2)."""
# A dot-atom (RFC 5321 §4.1.2) and a domain of labels: what can stand between angle brackets and mean only itself.
ENVELOPE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\U0010ffff-]{1,64}")
LONGEST = 254
LONGEST_PHRASE = 300
"""A longer one is folded, as encoded words: a line ends before its 998th character (RFC 5322 §2.1.1)."""


def envelope(address: str) -> str | None:
    """An address as it stands in an envelope, its domain in ASCII; None where nothing safe can be made of it.

    A local part outside ASCII stays as it is and needs a server with SMTPUTF8 (RFC 6531).
    """
    if len(address) > LONGEST:
        return None
    if ENVELOPE.fullmatch(address):
        return address
    local, _at, domain = address.rpartition("@")
    if not LOCAL.fullmatch(local) or not local.isprintable():
        return None
    try:
        made = f"{local}@{in_ascii(domain)}"
    except ValueError:
        return None
    return made if ENVELOPE.fullmatch(f"x@{made.rpartition('@')[2]}") and len(made) <= LONGEST else None


def one_line(value: str) -> str:
    """Every control character and line break becomes a space; runs of blanks become one.

    What holds letters and emoji together stays, and so do characters that are younger than this Python.
    """
    if not value.isprintable():
        value = "".join(each if each.isprintable() or _is_harmless(each) else " " for each in value)
    return " ".join(value.split())


def _is_harmless(character: str) -> bool:
    return bool(JOINING.match(character)) or unicodedata.category(character) in {"Cn", "Co"}


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
        if len(shown) < LONGEST_PHRASE and PHRASE.fullmatch(shown):
            return f"{shown} <{bare}>"
        if len(shown) < 70:
            quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{quoted}" <{bare}>'
    words = "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in _pieces(shown))
    return f"{words}\r\n <{bare}>"


@lru_cache(maxsize=8)
def date(at: datetime) -> str:
    """A moment as the Date header has it."""
    return format_datetime(at)


def _pieces(line: str) -> list[bytes]:
    """UTF-8 in bites that break no character."""
    if len(whole := line.encode()) <= ENCODED_BYTES:
        return [whole]
    pieces, current = [], b""
    for character in line:
        more = character.encode()
        if len(current) + len(more) > ENCODED_BYTES:
            pieces.append(current)
            current = b""
        current += more
    return [*pieces, current]
