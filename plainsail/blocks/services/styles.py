"""The style of published pages: what all share, and that of each kind of section that stands on the page."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles import finders

from plainsail.blocks.sockets import BLOCKS


def page_css(types: Iterable[str] | None = None) -> str:
    """The stylesheet of a page with these kinds of section on it (None: all there are), without comments and spare space."""
    wanted = None if types is None else set(types)
    names = [kind.type for kind in BLOCKS if wanted is None or kind.type in wanted]
    return "".join(squeezed(f"blocks/page/{name}.css") for name in ("base", *names))


def style_source(style: str) -> str:
    """The CSP source expression of an inline style."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


@cache
def squeezed(file: str) -> str:
    """A stylesheet among the static files in as few letters as may be; nothing where there is none."""
    found = finders.find(file)
    if not isinstance(found, str):
        return ""
    css = re.sub(r"/\*.*?\*/", "", Path(found).read_text(encoding="utf-8"), flags=re.DOTALL)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", css))
    # The space before a colon has a meaning: `.form :focus-visible` is something inside the form.
    return re.sub(r":\s+", ":", css).replace(";}", "}").strip()
