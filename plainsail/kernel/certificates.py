"""Certificates of erasure on paper: of a business, and of one person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainsail.kernel.lazily import Lazily

if TYPE_CHECKING:
    import typst
else:
    typst = Lazily("typst")


TEMPLATE = Path(__file__).resolve().parent / "typst" / "certificate.typ"


def pdf(printed: dict[str, Any]) -> bytes:
    """One sheet (about a tenth of a second). `printed` holds nothing but words, as they are to stand there.

    `lang`, `title`, `business`, `words`, `head` (pairs), `kept_title`, `kept_heads`, `kept` (threes), `rows_title`,
    `rows_heads` and `rows` (pairs).
    """
    made: bytes = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"data": json.dumps(printed)}, ignore_system_fonts=True
    )
    return made
