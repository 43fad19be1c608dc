"""The code that banking apps read to fill in a transfer: “GiroCode”, EPC069-12, version 002. For euros only. Pure."""

from __future__ import annotations

import struct
import zlib

import qrcode
from qrcode.constants import ERROR_CORRECT_M

from plainsail.kernel.money import Money

LARGEST_MINOR = 99_999_999_999
"""What the standard lets stand in a code."""
QUIET = 4
"""Modules of white around it, so that cameras find it."""


def payload(*, holder: str, iban: str, bic: str, reference: str, amount: Money) -> str:
    """What a code says; empty where there can be none: another currency, or nothing to pay."""
    if amount.currency != "EUR" or not 0 < amount.minor <= LARGEST_MINOR:
        return ""
    lines = ["BCD", "002", "1", "SCT", bic, holder[:70], iban, f"EUR{amount.decimal:f}", "", reference]
    return "\n".join(lines)


def matrix(text: str) -> list[list[bool]]:
    """Its modules, row by row, white ones around it."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text.encode())
    found: list[list[bool]] = code.get_matrix()
    return found


def svg(text: str) -> str:
    """A picture that is sharp at any size, dark on white also where the page is dark."""
    rows = matrix(text)
    path = "".join(
        f"M{column} {row}h1v1h-1z" for row, cells in enumerate(rows) for column, is_dark in enumerate(cells) if is_dark
    )
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    )


def png(text: str, *, scale: int = 5) -> bytes:
    """The same for mail, whose readers show no SVG: one bit a pixel."""
    rows = [[not cell for cell in cells for _times in range(scale)] for cells in matrix(text)]
    width = len(rows[0])
    packed = b"".join(b"\0" + _packed(row) for row in rows for _times in range(scale))
    head = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(packed, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _packed(row: list[bool]) -> bytes:
    bits = "".join("1" if cell else "0" for cell in row).ljust(-(-len(row) // 8) * 8, "0")
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
