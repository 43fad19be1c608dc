"""HTML written by hand: what of it may stand on a page. See docs/decisions/0017-what-may-run-on-a-page.md."""

from __future__ import annotations

import nh3

from plainsail.kernel.html import ATTRIBUTES, SCHEMES, TAGS

# Not among them: ids and classes, which could take the look or the targets of our own; style, which the policy of the page
# refuses anyway; pre, whose spaces the page doesn't keep; forms, frames, scripts, and whatever plays by itself.
MORE_TAGS = {
    *("div", "span", "hr", "h5", "h6", "small", "sub", "sup", "mark", "abbr", "time", "address", "cite", "q", "kbd"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "dl", "dt", "dd"),
    *("figure", "figcaption", "img", "details", "summary"),
}
MORE_ATTRIBUTES = {
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "abbr": {"title"},
    "time": {"datetime"},
    "details": {"open"},
}
# A picture may come from a path of this site or by https; from elsewhere it could tell on visitors in the clear.
PICTURE = ("https://", "/")


def clean(markup: str) -> str:
    """Hand-written HTML reduced to tags that only say something. Cleaning it again changes nothing."""
    return nh3.clean(
        markup,
        tags=TAGS | MORE_TAGS,
        attributes={**ATTRIBUTES, **MORE_ATTRIBUTES},
        attribute_filter=_only_safe_pictures,
        url_schemes=SCHEMES,
        link_rel="noopener",
        # One only: the cleaner writes several in any order, and cleaning again shall change nothing.
        set_tag_attribute_values={"img": {"loading": "lazy"}},
    )


def _only_safe_pictures(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src" and (not value.startswith(PICTURE) or value.startswith(("//", "/\\"))):
        return None
    return value
