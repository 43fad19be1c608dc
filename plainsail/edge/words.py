"""The edge's few words in the reader's language, from the same catalogues as everything else."""

from __future__ import annotations

import gettext
from functools import lru_cache
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parents[1] / "locale"
DOMAIN = "django"


def marked(message: str) -> str:
    """Mark a message for the catalogues; it is translated when shown."""
    return message


@lru_cache(maxsize=256)
def catalogue(accept_language: str) -> gettext.NullTranslations:
    """The best catalogue for an Accept-Language header; English, the language of the source, when there is none."""
    wanted: list[str] = []
    for part in accept_language.split(","):
        tag = part.partition(";")[0].strip().replace("-", "_")
        if not tag.replace("_", "").isalnum() or not tag.isascii():
            continue
        base = tag.partition("_")[0].lower()
        if base == "en":
            break
        wanted += [tag, base]
    if not wanted:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, CATALOGUES, languages=wanted, fallback=True)
