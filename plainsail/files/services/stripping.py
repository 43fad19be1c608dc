"""What camera and programs noted in a picture taken out of it: place, device, names, small previews. Bytes in, bytes out.

JPEG, PNG and WebP are taken apart and put together again, so that no pixel changes; what else there is, is written anew.
The colour profile stays, and which way is up. Sources: JPEG: ITU-T T.81 Annex B; PNG: W3C Third Edition; WebP: RFC 9649.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from PIL import Image

ORIENTATION = 0x0112
UPRIGHT = 1
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset(
    (
        *(b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND"),
        *(b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"sBIT", b"bKGD", b"pHYs"),
    )
)
WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
HAS_EXIF, HAS_XMP = 0x08, 0x04
NOTED = frozenset(("xmp", "comment", "XML:com.adobe.xmp"))
AGAIN: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 90},
    "GIF": {"save_all": True, "comment": b""},
}
"""How a picture is written that can't be taken apart."""


class _Odd(Exception):
    """Not put together as its standard says, though it can be read."""


def bare(content: bytes) -> bytes:
    """The same picture without what was noted in it; the same bytes where that is nothing. It has to be one that can be
    read (`imaging.inspect`). Memory: a copy of the bytes, and the pixels where it is written anew.
    """
    image = Image.open(BytesIO(content))
    exif = image.getexif()
    up = exif.get(ORIENTATION, UPRIGHT)
    note = _note(up) if isinstance(up, int) and UPRIGHT < up <= 8 else b""
    try:
        match image.format:
            case "JPEG" | "MPO":
                return b"".join(_jpeg(content, note))
            case "PNG":
                return b"".join(_png(content, note))
            case "WEBP":
                return _webp(content, note)
    except (_Odd, struct.error, IndexError):
        return _again(image, note)
    says_more = set(exif) - {ORIENTATION} or NOTED & image.info.keys()
    return _again(image, note) if says_more else content


def _note(up: int) -> bytes:
    """EXIF that says which way is up, and nothing else."""
    exif = Image.Exif()
    exif[ORIENTATION] = up
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _again(image: Image.Image, note: bytes) -> bytes:
    out, kind = BytesIO(), "JPEG" if image.format == "MPO" else image.format or ""
    more: dict[str, Any] = {"icc_profile": image.info["icc_profile"]} if image.info.get("icc_profile") else {}
    if note:
        more["exif"] = note
    image.load()
    for name in NOTED | {"exif"}:
        image.info.pop(name, None)
    image.save(out, kind, **AGAIN[kind], **more)
    return out.getvalue()


def _jpeg(content: bytes, note: bytes) -> Iterator[bytes]:
    """Up to the end of the first picture: phones put others behind it, each with its own notes."""
    yield content[:2]
    if note:
        body = b"Exif\0\0" + note
        yield b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    at = 2
    while True:
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0:
            raise _Odd
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:
            yield content[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if marker == 0xDA:
            end = _end_of_scan(content, end)
        if _is_of_the_jpeg(marker, content[at + 4 : end]):
            yield content[at:end]
        at = end


def _is_of_the_jpeg(marker: int, body: bytes) -> bool:
    if marker == 0xE0:
        return body.startswith(b"JFIF\0")
    if marker == 0xE2:
        return body.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return body.startswith(b"Adobe")
    return not (0xE1 <= marker <= 0xEF or marker == 0xFE)


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the pixels end that begin here: at the next marker that isn't part of them."""
    while (at := content.find(b"\xff", at)) >= 0:
        following = content[at + 1]
        if following not in (0x00, 0xFF) and not 0xD0 <= following <= 0xD7:
            return at
        at += 1 if following == 0xFF else 2
    raise _Odd


def _png(content: bytes, note: bytes) -> Iterator[bytes]:
    yield PNG_MAGIC
    at, kind = len(PNG_MAGIC), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise _Odd
        if kind == b"IDAT" and note:
            body = b"eXIf" + note
            yield struct.pack(">I", len(note)) + body + struct.pack(">I", zlib.crc32(body))
            note = b""
        if kind in PNG_KEPT:
            yield content[at:end]
        at = end


def _webp(content: bytes, note: bytes) -> bytes:
    chunks, at = [], 12
    whole = min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while at + 8 <= whole:
        kind, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        if len(body) < length:
            raise _Odd
        if kind == b"VP8X":
            flags = body[0] & ~(HAS_EXIF | HAS_XMP) | (HAS_EXIF if note else 0)
            body = bytes((flags,)) + body[1:]
        if kind in WEBP_KEPT:
            chunks.append((kind, body))
        at += 8 + length + length % 2
    if not chunks or (note and chunks[0][0] != b"VP8X"):
        raise _Odd
    if note:
        chunks.append((b"EXIF", note))
    written = b"".join(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(written)) + b"WEBP" + written
