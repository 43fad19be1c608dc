"""Paths and addresses: what may be published where, and how an address is written into a Location header."""

from __future__ import annotations

from urllib.parse import quote

LONGEST_PATH = 500


def is_path(path: str) -> bool:
    """Whether a page can be published there; anything else need not be asked of the database."""
    return (
        path.startswith("/")
        and "//" not in path
        and len(path) <= LONGEST_PATH
        and (path == "/" or not path.endswith("/"))
        and not any(segment in {".", ".."} for segment in path.split("/"))
        and not any(character < " " or character == "\x7f" for character in path)
    )


def quoted_path(path: str) -> str:
    """A decoded path, percent-encoded again."""
    return quote(path, safe="/:@!$&'()*+,;=~-._")


def location(path: str, query: str) -> str:
    """A decoded path with its raw query, for a Location header."""
    return quoted_path(path) + (f"?{query}" if query else "")


def encoded(address: str) -> str:
    """An address as it is, but for what a header can't carry: spaces, control characters, letters beyond ASCII."""
    return quote(address, safe="%/:?#[]@!$&'()*+,;=~-._")
