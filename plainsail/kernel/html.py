"""Cleaning HTML that people wrote, before it is stored or shown."""

from __future__ import annotations

import nh3

TAGS = {"p", "br", "strong", "em", "b", "i", "u", "s", "a", "ul", "ol", "li", "blockquote", "code", "h2", "h3", "h4"}
ATTRIBUTES = {"a": {"href", "title"}}
SCHEMES = {"http", "https", "mailto", "tel"}


def clean(markup: str) -> str:
    """Rich text reduced to the few tags a text needs; scripts, styles and handlers are gone, links get rel=noopener."""
    return nh3.clean(markup, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener")


def plain(markup: str) -> str:
    """The words of a piece of HTML."""
    import html

    return html.unescape(nh3.clean(markup, tags=set())).strip()
