"""What a browser takes, and what it already has."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Encoding = Literal["br", "gzip", ""]


@lru_cache(maxsize=1024)
def accepted_encoding(accept_encoding: str) -> Encoding:
    """The best of ours that an Accept-Encoding header allows (RFC 9110 §12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weights[name] = _weight(parameter[2:])
    anything = weights.get("*", 0.0)
    for encoding in ("br", "gzip"):
        if weights.get(encoding, anything) > 0:
            return encoding
    return ""


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def is_unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the browser already has this version; compared weakly, as RFC 9110 §13.1.2 says."""
    if if_none_match == etag:
        return True
    opaque = etag.removeprefix("W/")
    return any(given.strip().removeprefix("W/") in {opaque, "*"} for given in if_none_match.split(","))
