"""What does not go into logs: e-mail addresses of people, and links that open something for whoever has them.

Django-free: the edge writes the same paths.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

HIDDEN = "…"
_ADDRESS = re.compile(r"[\w.!#$%&'*+=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# Tokens are long and random: 24 letters and digits in a row, or 20 characters with capitals among them. Paths of pages
# are written small, with hyphens; ids are a UUID's groups of at most 12.
_TOKEN = re.compile(r"(?<=/)(?:[^/]*[A-Za-z0-9_]{24}[^/]*|(?=[^/]*[A-Z])[A-Za-z0-9_.:=~-]{20,})(?=/|$)")


def without_addresses(text: str) -> str:
    """The text with every e-mail address in it replaced by `…@…`."""
    return _ADDRESS.sub(f"{HIDDEN}@{HIDDEN}", text) if "@" in text else text


@lru_cache(maxsize=4096)
def shown_path(path: str, longest: int = 200) -> str:
    """A path as it may be logged: tokens and addresses in it hidden, cut to `longest` characters."""
    return _TOKEN.sub(HIDDEN, without_addresses(path[:2000]))[:longest]


def redacted(value: Any) -> Any:
    """A value for a log line, its addresses hidden however deep they lie; what JSON can't say becomes its words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): redacted(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(part) for part in value]
    return without_addresses(str(value))
