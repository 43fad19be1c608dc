"""Certificates of erasure on paper: of a business, and of one person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.kernel.lazily import Lazily

if TYPE_CHECKING:
    import typst
else:
    typst = Lazily("typst")


TEMPLATE = Path(__file__).resolve().parent / "typst" / "certificate.typ"


def pdf(
    *,
    business: str,
    words: str,
    head: Sequence[Sequence[str]],
    kept: Sequence[Sequence[str]],
    rows: Iterable[tuple[str, int]],
) -> bytes:
    """One sheet, in the active language (about a tenth of a second).

    `head` are pairs; `kept` is what isn't erased, on which ground and until when; `rows` says how many went of what.
    """
    printed = {
        "lang": (translation.get_language() or "en")[:2],
        "title": _("Certificate of erasure"),
        "business": business,
        "words": words,
        "head": head,
        "kept_title": _("What is kept, why and until when"),
        "kept": kept,
        "kept_heads": [_("Kept"), _("Because"), _("Until")],
        "rows_title": _("What was erased"),
        "rows_heads": [_("Table"), _("Rows")],
        "rows": [[label, f"{number:,}"] for label, number in rows],
    }
    made: bytes = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"data": json.dumps(printed)}, ignore_system_fonts=True
    )
    return made
