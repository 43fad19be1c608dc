"""The sign of a business in a browser's tab, until it has one of its own: its first letter on its colour."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

GROUND, INK = "#14664f", "#ffffff"


def monogram(name: str, *, ground: str = GROUND, ink: str = INK) -> str:
    """The sign as a `data:` address, small enough to stand inside a page. Colours are `#rrggbb`."""
    letter = next((character.upper()[0] for character in name if character.isalnum()), "·")
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{ground}"/>'
        '<text x="16" y="22.5" text-anchor="middle" font-family="Georgia,serif" font-size="19" font-weight="600" '
        f'fill="{ink}">{escape(letter)}</text></svg>'
    )
    return "data:image/svg+xml," + quote(drawing, safe="=:/")
