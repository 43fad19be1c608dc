"""Documents as HTML pages and as mail. A page carries its style inside itself and no script; a mail is built through MJML."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import mrml
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from plainsail.blocks.schema import present_props
from plainsail.blocks.services import merging, showing, themes
from plainsail.blocks.services.documents import Block, Document, make_block
from plainsail.blocks.services.presenting import Presenter, cards_of
from plainsail.blocks.sockets import BLOCKS
from plainsail.kernel import postal
from plainsail.ui.monogram import monogram


@dataclass(frozen=True, kw_only=True)
class Social:
    """What apps show where somebody shares a page's address (the Open Graph protocol, ogp.me). `image_url` is absolute."""

    title: str
    text: str = ""
    image_url: str = ""
    image_width: int = 0
    image_height: int = 0
    image_alt: str = ""


@dataclass(frozen=True, kw_only=True)
class PageHead:
    """What a page says about itself outside its sections. `path` is where it will stand; forms post it along.

    `site_name` is whose site it is; `legal_links` are (words, path) pairs that stand at the foot of every page.
    """

    title: str
    site_name: str = ""
    description: str = ""
    language: str = "en"
    path: str = "/"
    canonical_url: str = ""
    is_hidden: bool = False
    """Search engines are asked not to list it."""
    social: Social | None = None
    legal_links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class RenderedPage:
    """A whole page, and the source expression (`'sha256-…'`) that lets its inline style past a content security policy."""

    html: str
    style_source: str


@dataclass(frozen=True)
class Section:
    """One rendered section."""

    id: str
    html: SafeString
    is_footer: bool


def render_page(
    document: Document, head: PageHead, *, editing: bool = False, cards: Mapping[Any, Any] | None = None
) -> RenderedPage:
    """The page as one HTML document: semantic, one h1, every picture with its size, style inside, no script.

    `editing` adds the marks that the editor needs. `cards` overrides what sections show of rows they point to, by
    (kind, id), such as a form with its errors. Cost: one query for each kind of row that is pointed to.
    """
    sections = list(render_sections(document, head, editing=editing, cards=cards))
    style = themes.css(document.theme) + page_css()
    colours = themes.THEMES[document.theme["name"]].colours
    with translation.override(head.language):
        html = render_to_string(
            "blocks/page.html",
            {
                "head": head,
                "icon": monogram(head.site_name or head.title, ground=colours["accent"], ink=colours["on_accent"]),
                # In the page, so that it stays as it was frozen; the policy lets it past by its hash.
                "style": mark_safe(f"<style>{style}</style>"),  # noqa: S308  # our own files and closed choices
                "fonts": [static(font.file) for font in themes.fonts(document.theme)],
                "sections": [section for section in sections if not section.is_footer],
                "footers": [section for section in sections if section.is_footer],
                "has_heading": _leading(document) is not None,
                "editing": editing,
            },
        )
    return RenderedPage(html=html, style_source=style_source(style))


def render_sections(
    document: Document,
    head: PageHead,
    *,
    editing: bool = False,
    cards: Mapping[Any, Any] | None = None,
    only: Collection[str] | None = None,
) -> Iterator[Section]:
    """Each section that can stand on a page, rendered; of those in `only` where it is given. The first with a headline gets the h1."""
    leading = _leading(document)
    anchors: dict[str, int] = {}
    with translation.override(head.language):
        presenter = Presenter(surface="page", cards={**cards_of(document), **(cards or {})})
        for block in document.blocks:
            kind = block.kind
            if kind is None or "page" not in kind.surfaces:
                continue
            anchors[block.type] = anchors.get(block.type, 0) + 1
            number = anchors[block.type]
            if only is not None and block.id not in only:
                continue
            context = {
                "block": block,
                "p": present_props(kind.fields, block.props, presenter),
                "anchor": block.type if number == 1 else f"{block.type}-{number}",
                "h": "h1" if block is leading else "h2",
                "h_below": "h2" if block is leading else "h3",
                "head": head,
                "editing": editing,
            }
            html = _squeeze(render_to_string(f"blocks/page/{block.type}.html", context))
            yield Section(block.id, mark_safe(html), block.type == "footer")  # noqa: S308  # rendered by a template


def changed_sections(before: Document, after: Document) -> set[str]:
    """Ids of the sections of a document that may look different than before: with other settings, anchor or heading."""
    was, now = _looks(before), _looks(after)
    return {block_id for block_id, look in now.items() if was.get(block_id) != look}


def _looks(document: Document) -> dict[str, tuple[Block, int, bool]]:
    """All that the look of each section comes from, beside the rows that it points to."""
    leading, anchors = _leading(document), Counter[str]()
    found = {}
    for block in document.blocks:
        anchors[block.type] += 1
        found[block.id] = (block, anchors[block.type], block is leading)
    return found


def style_source(style: str) -> str:
    """The CSP source expression of an inline style."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


@cache
def page_css() -> str:
    """The one stylesheet of published pages, without comments and spare space."""
    found = finders.find("blocks/page.css")
    assert isinstance(found, str), "blocks/page.css is part of this package"
    css = re.sub(r"/\*.*?\*/", "", Path(found).read_text(encoding="utf-8"), flags=re.DOTALL)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", css))
    # The space before a colon has a meaning: `.form :focus-visible` is something inside the form.
    return re.sub(r":\s+", ":", css).replace(";}", "}").strip()


class Footer(StrEnum):
    """What the foot of a mail says: marketing mail offers a way out (CAN-SPAM §7704(a)(3)), transactional mail doesn't."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


@dataclass(frozen=True, kw_only=True)
class Business:
    """Who writes: the name and the postal address that marketing mail must show (CAN-SPAM §7704(a)(5))."""

    name: str
    postal_address: str = ""

    @property
    def address_line(self) -> str:
        return postal.line_below(self.name, self.postal_address)


@dataclass(frozen=True)
class MailBody:
    """Both parts of a mail, with merge fields left as holes, the names of those holes, and the conditions of sections.

    A section that not everybody sees stands between `{{ps.if_0}}` (or `{{ps.not_0}}`) and `{{ps.end}}` in both parts; the
    number is the condition's place in `conditions`.
    """

    html_template: str
    text_template: str
    fields: frozenset[str]
    conditions: tuple[Mapping[str, Any], ...] = ()


def render_mail(
    document: Document,
    *,
    theme: Mapping[str, str] | None = None,
    business: Business,
    base_url: str,
    link: Callable[[str], str] | None = None,
    preview_text: str = "",
    title: str = "",
    language: str = "en",
    footer: Footer = Footer.MARKETING,
) -> MailBody:
    """A document as the two parts of a mail: HTML through MJML, and plain text from the same sections.

    `theme` overrides the document's own. Relative links and pictures are made absolute with `base_url`. `link` is called
    once for each distinct http(s) target, in order; what it returns is written instead, in both parts. The foot with the
    business's address is added where the document has none; with Footer.MARKETING it links to the holes
    `{{unsubscribe_url}}` and `{{preferences_url}}`. Holes in the HTML part must be filled with escaped values.
    """
    chosen = themes.clean({**themes.DEFAULT, **(theme or document.theme)}, ("theme",), {})
    with translation.override(language):
        presenter = Presenter(surface="mail", cards=cards_of(document), base_url=base_url, track=link)
        context = _mail_context(chosen, business, footer) | {"language": language}
        blocks = [block for block in document.blocks if block.kind and "mail" in block.kind.surfaces]
        if not any(block.type == "mail_footer" for block in blocks):
            blocks.append(make_block(BLOCKS["mail_footer"], {}))
        conditions = _Conditions(document)
        parts = [_mail_part(block, presenter, context, conditions.mark(block)) for block in blocks]
        mjml = render_to_string(
            "blocks/mail.mjml",
            context
            | {
                "title": title or business.name,
                "preview_text": preview_text,
                "sections": [part.mjml for part in parts if not part.is_footer],
                "footers": [part.mjml for part in parts if part.is_footer],
            },
        )
    html = mrml.to_html(mjml, render_options=mrml.RenderOptions(disable_comments=True, fonts={})).content
    text = "\n\n".join(part.text for part in sorted(parts, key=lambda part: part.is_footer))
    text = _tidy_text(text.replace(f"{MARK_END}\n\n", MARK_END))
    fields = {name for name in merging.parse(html).fields | merging.parse(text).fields if not name.startswith("ps.")}
    return MailBody(html, text, frozenset(fields), tuple(conditions.trees))


MARK_END = "{{ps.end}}"


@dataclass(frozen=True)
class _MailPart:
    mjml: SafeString
    text: str
    is_footer: bool


class _Conditions:
    """The conditions of a document's sections, each once, and the marks that stand around such a section."""

    def __init__(self, document: Document) -> None:
        self.trees: list[Mapping[str, Any]] = []
        self.document = document
        self._places: dict[str, int] = {}

    def mark(self, block: Block) -> str:
        """What begins a section: nothing where everybody sees it."""
        index = self.document.index(block.id)
        # Nobody is without the foot: it says whose mail it is, and how it ends.
        is_open = index < 0 or block.type == "mail_footer"
        condition = None if is_open else showing.condition_of(self.document.blocks, index)
        if condition is None:
            return ""
        key = showing.key_of(condition.tree)
        if key not in self._places:
            self._places[key] = len(self.trees)
            self.trees.append(condition.tree)
        return f"{{{{ps.{'if' if condition.is_met else 'not'}_{self._places[key]}}}}}"


def _mail_part(block: Block, presenter: Presenter, context: Mapping[str, Any], mark: str) -> _MailPart:
    kind = BLOCKS[block.type]
    full = {**context, "block": block, "p": present_props(kind.fields, block.props, presenter)}
    mjml = str(render_to_string(f"blocks/mail/{block.type}.mjml", full))
    text = str(render_to_string(f"blocks/mail/{block.type}.txt", full))
    if mark and mjml.strip():
        mjml = f"<mj-raw>{mark}</mj-raw>{mjml}<mj-raw>{MARK_END}</mj-raw>"
        text = f"{mark}{text.strip()}\n\n{MARK_END}"
    return _MailPart(mark_safe(mjml), text, block.type == "mail_footer")  # noqa: S308  # rendered by a template


def _mail_context(choice: Mapping[str, str], business: Business, footer: Footer) -> dict[str, Any]:
    theme = themes.THEMES[choice["name"]]
    return {
        "colours": theme.colours,
        "dark": theme.dark,
        "heading_font": theme.heading.mail_stack,
        "body_font": theme.body.mail_stack,
        "radius": {"soft": "8px", "round": "28px", "sharp": "2px"}[choice["corners"]],
        "business": business,
        "footer": footer.value,
    }


def _leading(document: Document) -> Block | None:
    """The first section on a page that has a headline: its headline is the page's h1."""
    return next(
        (block for block in document.blocks if block.headline and block.kind and "page" in block.kind.surfaces), None
    )


def _squeeze(html: str) -> str:
    """Without the empty lines and the indentation that template tags leave behind."""
    return "\n".join(line.strip() for line in html.splitlines() if line.strip())


def _tidy_text(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
