"""Parts and headers of mail that others wrote, some of it to break whoever reads it. Pure: bytes and messages in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

MOST_READ = 200_000
"""Bytes of a mail that are looked at; what matters stands before the copy of the original."""
MOST_WORDS = 500
MOST_PARTS = 200


def texts(raw: bytes) -> Iterator[str]:
    """Parts of a mail as text, decoded, whatever is inside the returned original too. For finding our own marks."""
    try:
        waiting, seen = [message_from_bytes(raw[:MOST_READ])], 0
        while waiting and seen < MOST_PARTS:
            part = waiting.pop(0)
            seen += 1
            content = part.get_payload() if part.is_multipart() else part.get_payload(decode=True)
            if isinstance(content, list):
                yield "\n".join(f"{name}: {value}" for name, value in part.items())
                waiting[:0] = [each for each in content if isinstance(each, Message)]
            elif isinstance(content, bytes):
                yield content.decode("latin-1")
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError, AssertionError):
        return


def walk(mail: Message) -> Iterator[Message]:
    """Parts in their order, those of the returned original left out; not for ever."""
    waiting, seen = [mail], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        if part.get_content_type() != "message/rfc822" and part.is_multipart():
            content = part.get_payload()
            if isinstance(content, list) and part.get_content_maintype() == "multipart":
                waiting[:0] = [each for each in content if isinstance(each, Message)]


def parts(mail: Message, *kinds: str) -> Iterator[Message]:
    return (part for part in walk(mail) if part.get_content_type() in kinds)


def charset(part: Message) -> str:
    try:
        name = part.get_content_charset() or "utf-8"
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        return "utf-8"
    return name


def header(mail: Message, name: str) -> str:
    """A header as people read it, on one line; nothing where there is none."""
    found = next((value for each, value in mail.raw_items() if each.lower() == name.lower()), None)
    if found is None:
        return ""
    # Some write UTF-8 as it is (RFC 6532); the parser keeps such bytes as surrogates.
    value = str(found).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return line(str(make_header(decode_header(value))), most=2000)
    except (HeaderParseError, LookupError, ValueError):
        return line(str(value), most=2000)


def line(text: str, *, most: int = MOST_WORDS) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:most]
