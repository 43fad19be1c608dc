"""The bytes of a published page: only the style that it uses, no spare characters, compressed once for everybody.

Pure functions of a rendered page. What they give never changes again, whatever later versions of Plainsail render.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

import brotli
import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule

from plainsail.blocks.services import styles

GZIP, BROTLI = 9, 11
"""How hard to try: a page is packed once and read often."""
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
TAG = r"(?:\"[^\"]*\"|'[^']*'|[^'\">])*>"
TOKEN = re.compile(rf"<!--.*?-->|<(script|style|textarea|pre|title)\b{TAG}.*?</\1>|<[a-zA-Z/!]{TAG}|<|[^<]+", re.DOTALL)
OWN_LINE = re.compile(
    r"</?(?:!doctype|html|head|body|meta|link|title|style|script|template|main|header|footer|section|article|aside|nav|div|p|h[1-6]|"
    r"ul|ol|li|dl|dt|dd|form|fieldset|legend|figure|figcaption|blockquote|details|summary|dialog|table|thead|tbody|tr|th|td|"
    r"caption|hr|br|option|source|address)\b",
    re.IGNORECASE,
)
BLANKS = " \t\r\n\f"
"""What HTML counts as space; a no-break space is a letter."""
SPACES = re.compile(f"[{BLANKS}]+")
HOLDS_RULES = frozenset({"media", "supports", "layer", "container"})
# Looks at what a selector asks for, once what stands in functional pseudo-classes and attributes is put aside.
ASIDE = re.compile(r"::?[a-z-]+\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\]|::?[a-z-]+")
CLASS, ID, ELEMENT = (
    re.compile(r"\.(-?[_a-zA-Z][\w-]*)"),
    re.compile(r"#(-?[_a-zA-Z][\w-]*)"),
    re.compile(r"[a-z][\w-]*"),
)


@dataclass(frozen=True)
class Frozen:
    """A page as visitors get it, in three encodings, and the source expression that lets its style past the policy."""

    body: bytes
    body_gzip: bytes
    body_br: bytes
    style_source: str


def freeze(html: str) -> Frozen:
    """A rendered page as it is stored. About 10 ms for a long one, nearly all of it compression."""
    used = _used(html)
    style = "".join(STYLE.findall(html))
    critical = keep_used(style, used)
    small = minify(STYLE.sub("", html).replace("</head>", f"<style>{critical}</style></head>", 1))
    body = small.encode()
    # Of the rules themselves, not of what stands in the page: a frame's own document may hold a style too.
    source = styles.style_source(critical)
    return Frozen(body, *_packed(body), source)


def compress(text: str) -> tuple[bytes, bytes, bytes]:
    """Plain, gzip and br of what isn't a page."""
    body = text.encode()
    return body, *_packed(body)


def _packed(body: bytes) -> tuple[bytes, bytes]:
    return gzip.compress(body, GZIP, mtime=0), brotli.compress(body, quality=BROTLI)


def minify(html: str) -> str:
    """HTML without comments and the spaces that nobody sees. Tags, values, scripts and entities stay to the letter.

    Spaces between elements in a line of words mean something; those beside elements with lines of their own don't.
    """
    pieces: list[str] = []
    is_open = True
    for token in TOKEN.finditer(html):
        text = token[0]
        if text.startswith("<"):
            if text.startswith("<!--"):
                continue
            is_open = bool(OWN_LINE.match(text))
            if is_open and pieces and pieces[-1] == " ":
                pieces.pop()
            elif is_open and pieces and not pieces[-1].startswith("<"):
                pieces[-1] = pieces[-1].rstrip(BLANKS)
            pieces.append(text)
        else:
            words = SPACES.sub(" ", text)
            words = words.lstrip(BLANKS) if is_open else words
            if words:
                pieces.append(words)
    return "".join(pieces)


@dataclass(frozen=True)
class Used:
    """The names that a page's elements have."""

    elements: frozenset[str]
    classes: frozenset[str]
    ids: frozenset[str]


def keep_used(css: str, used: Used) -> str:
    """The rules that could match something on the page, font faces and properties included. Never more than was there.

    A selector stays unless one of its element, class or id names is on no element; what `:not()`, `:has()` and the
    like ask for is not looked at. So a rule may stay in vain, but none that matches is lost.
    """
    kept = [_kept(rule, used) for rule in _rules(css)]
    found = "".join(kept)
    animations = set(re.findall(r"animation(?:-name)?:([^;}]+)", found))
    return "".join(
        text
        for text in kept
        if not text.startswith("@keyframes") or any(text.split("{")[0].split()[-1] in each for each in animations)
    )


@lru_cache(maxsize=64)
def _rules(css: str) -> tuple[Node, ...]:
    return tuple(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def _kept(rule: Node, used: Used) -> str:
    if isinstance(rule, QualifiedRule):
        selectors = _split(rule.prelude)
        kept = [selector for selector in selectors if _may_match(selector, used)]
        return f"{','.join(kept)}{{{tinycss2.serialize(rule.content).strip()}}}" if kept else ""
    if isinstance(rule, AtRule) and rule.content is not None and rule.at_keyword in HOLDS_RULES:
        inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        text = "".join(_kept(each, used) for each in inside)
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{text}}}" if text else ""
    return rule.serialize() if isinstance(rule, AtRule) else ""


def _split(prelude: Iterable[Node]) -> list[str]:
    """The selectors of a list. Commas inside brackets are in a node of their own, so each one here parts two."""
    selectors = [""]
    for node in prelude:
        if node.type == "literal" and node.value == ",":
            selectors.append("")
        else:
            selectors[-1] += node.serialize()
    return [selector.strip() for selector in selectors if selector.strip()]


def _may_match(selector: str, used: Used) -> bool:
    plain = ASIDE.sub("", selector)
    classes, ids = set(CLASS.findall(plain)), set(ID.findall(plain))
    elements = set(ELEMENT.findall(ID.sub(" ", CLASS.sub(" ", plain))))
    return classes <= used.classes and ids <= used.ids and elements <= used.elements


class _Names(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.classes: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name == "class":
                self.classes.update((value or "").split())
            elif name == "id":
                self.ids.add(value or "")


def _used(html: str) -> Used:
    names = _Names()
    names.feed(STYLE.sub("", html))
    # `html` and `body` are there even where nobody writes them.
    return Used(frozenset(names.elements | {"html", "body"}), frozenset(names.classes), frozenset(names.ids))
