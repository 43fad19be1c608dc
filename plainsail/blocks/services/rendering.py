"""Documents as HTML pages and as mail. A page carries its style inside itself and no script; a mail is built through MJML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any

import mrml
from django.template.loader import get_template, render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from plainsail.blocks import players
from plainsail.blocks.schema import present_props
from plainsail.blocks.services import merging, showing, themes
from plainsail.blocks.services.documents import Block, Document, make_block
from plainsail.blocks.services.presenting import Presenter, cards_of
from plainsail.blocks.services.styles import page_css, style_source
from plainsail.blocks.sockets import BLOCKS, FEEDS
from plainsail.kernel import postal
from plainsail.ui.monogram import monogram


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
    variant: str = ""
    """Which variant of a tested page it is; forms post it along."""
    canonical_url: str = ""
    legal_links: Sequence[tuple[str, str]] = ()
    icon_url: str = ""
    """A picture of the site's own for browser tabs; without one its first letter stands there."""
    extra: SafeString | str = ""
    """More elements of the head: what search engines and those who share the page read."""
    style: str = ""
    """More rules for what stands in the slots below."""
    top: SafeString | str = ""
    above: SafeString | str = ""
    below: SafeString | str = ""
    bottom: SafeString | str = ""
    """What its site puts before the page's main part, at its beginning and its end, and after it."""
    kinds: frozenset[str] = frozenset()
    """The kinds of section in the slots, whose style the page carries too."""
    frames: tuple[str, ...] = ()
    """Whose pages frames in the slots may show, as origins."""
    has_title: bool = False
    """`above` holds the h1, so no section does."""


@dataclass(frozen=True)
class RenderedPage:
    """A whole page, and what a content security policy must let past: its inline styles (`'sha256-…'`, apart by blanks),
    and whose pages its frames may show, as origins.
    """

    html: str
    style_source: str
    frame_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One rendered section, and the part of the page it belongs to. `frames` are the origins that its frames may show."""

    id: str
    html: SafeString
    landmark: str
    frames: tuple[str, ...] = ()


def render_page(
    document: Document, head: PageHead, *, editing: bool = False, cards: Mapping[Any, Any] | None = None
) -> RenderedPage:
    """The page as one HTML document: semantic, one h1, every picture with its size, style inside, no script.

    `editing` adds the marks that the editor needs, and the style of every kind of section. `cards` overrides what sections
    show of rows they point to, by (kind, id), such as a form with its errors. Cost: one query for each kind of row that is
    pointed to, and one for each list of what is new.
    """
    sections = list(render_sections(document, head, editing=editing, cards=cards))
    kinds = None if editing else kinds_of(document) | head.kinds
    style = themes.css(document.theme) + page_css(kinds) + head.style
    colours = themes.palette(document.theme)
    with translation.override(head.language):
        html = render_to_string(
            "blocks/page.html",
            {
                "head": head,
                "icon": monogram(head.site_name or head.title, ground=colours["accent"], ink=colours["on_accent"]),
                # In the page, so that it stays as it was frozen; the policy lets it past by its hash.
                "style": mark_safe(f"<style>{style}</style>"),  # noqa: S308  # our own files and checked colours
                "fonts": [static(file) for file in themes.first_fonts(document.theme)],
                "scheme": document.theme["scheme"],
                **{part: [each for each in sections if each.landmark == part] for part in ("header", "main", "footer")},
                "has_heading": head.has_title or leading(document) is not None,
                "editing": editing,
            },
        )
    frames = sorted({origin for section in sections for origin in section.frames} | {*head.frames})
    sources = [style_source(style), *([style_source(players.FRAME_CSS)] if frames else [])]
    return RenderedPage(html=html, style_source=" ".join(sources), frame_sources=tuple(frames))


def with_frames(page: RenderedPage, origins: Collection[str]) -> RenderedPage:
    """The same page, with a policy that lets frames show these origins too: what comes up on it later may have some."""
    if not origins:
        return page
    sources = dict.fromkeys([*page.style_source.split(), style_source(players.FRAME_CSS)])
    return replace(page, style_source=" ".join(sources), frame_sources=tuple(sorted({*page.frame_sources, *origins})))


def render_sections(
    document: Document,
    head: PageHead,
    *,
    editing: bool = False,
    cards: Mapping[Any, Any] | None = None,
    only: Collection[str] | None = None,
) -> Iterator[Section]:
    """Each section that can stand on a page, rendered; of those in `only` where it is given. The first with a headline gets
    the h1.
    """
    with translation.override(head.language):
        presenter = Presenter(surface="page", cards={**cards_of(document), **(cards or {})})
        writer = _Writer(presenter, head, None if head.has_title else leading(document), editing)
        writer.opening = frozenset() if editing else opening(document)
        for block in document.blocks:
            kind = block.kind
            if kind is None or "page" not in kind.surfaces:
                continue
            if only is not None and block.id not in only:
                writer.pass_over(block)
                continue
            html = _squeeze(writer.write(block))
            frames = tuple(writer.frames)
            writer.frames.clear()
            yield Section(block.id, mark_safe(html), kind.landmark, frames)  # noqa: S308  # rendered by a template


def kinds_of(document: Document) -> set[str]:
    """The types of its blocks, those in slots too: whose style it needs."""
    return {block.type for block in document.walk()}


@dataclass
class _Writer:
    """Writes blocks, those in their slots first. Anchors are unique on the page: `pricing`, `pricing-2`."""

    presenter: Presenter
    head: PageHead
    leading: Block | None
    editing: bool
    opening: frozenset[str] = frozenset()
    """Ids of what stands at the top, whose pictures are wanted at once. In the editor no visitor waits for them."""
    anchors: dict[str, int] = field(default_factory=dict)
    frames: list[str] = field(default_factory=list)

    def write(self, block: Block) -> SafeString:
        kind = BLOCKS[block.type]
        anchor = self._anchor(block.type.replace("_", "-"))
        is_leading = self.leading is not None and block.id == self.leading.id
        props = present_props(kind.fields, block.props, self.presenter)
        context = {
            "block": block,
            "p": props,
            "anchor": anchor,
            "h": "h1" if is_leading else "h2",
            # No step of the ladder is left out: where a section has no headline, its parts take that place.
            "h_below": "h2" if is_leading or not block.own_headline else "h3",
            "head": self.head,
            "is_first": block.id in self.opening,
            "editing": self.editing,
            "slots": {
                name: [self.write(each) for each in inside if each.kind is not None]
                for name, inside in block.slots.items()
            },
        }
        if kind.feed:
            feed = FEEDS.get(kind.feed)
            context["feed"] = feed(block.props) if feed else ()
        self.frames += [each.origin for each in props.values() if isinstance(each, players.Player) and each.frame]
        return SafeString(_template(block.type).render(context))

    def pass_over(self, block: Block) -> None:
        """Count what isn't written, so that those behind it keep their anchors."""
        for each in block.walk():
            if each.kind is not None:
                self._anchor(each.type.replace("_", "-"))

    def _anchor(self, name: str) -> str:
        number = self.anchors[name] = self.anchors.get(name, 0) + 1
        return name if number == 1 else f"{name}-{number}"


def changed_sections(before: Document, after: Document) -> set[str]:
    """Ids of the sections of a document that may look different than before: with other settings, anchors or heading."""
    was, now = _looks(before), _looks(after)
    return {block_id for block_id, look in now.items() if was.get(block_id) != look}


def _looks(document: Document) -> dict[str, tuple[Block, tuple[int, ...], str]]:
    """All that the look of each section comes from, beside the rows that it points to."""
    first, anchors = leading(document), Counter[str]()
    found = {}
    for block in document.blocks:
        inside = [each for each in block.walk() if each.kind is not None]
        numbers = []
        for each in inside:
            anchors[each.type] += 1
            numbers.append(anchors[each.type])
        leads = first.id if first is not None and any(each is first for each in inside) else ""
        found[block.id] = (block, tuple(numbers), leads)
    return found


@cache
def _template(name: str) -> Any:
    """The template of a kind of section, found once: looking it up takes a third of the time that a small one renders in."""
    return get_template(f"blocks/page/{name}.html")


def shadow_css(document: Document) -> str:
    """The style of a document's sections for a shadow tree inside another page: without the page's own fonts."""
    look = themes.css(document.theme)
    style = look[look.index(":root{") :] + page_css(kinds_of(document))
    return re.sub(r":root\b", ":host", re.sub(r"(^|})body\b", r"\1:host", style))


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
    heading, body = themes.typefaces(choice)
    return {
        "colours": themes.day(choice),
        "dark": themes.mail_dark(choice),
        "heading_font": heading.mail_stack,
        "body_font": body.mail_stack,
        "radius": {"soft": "8px", "round": "28px", "sharp": "2px"}[choice["corners"]],
        "business": business,
        "footer": footer.value,
    }


def leading(document: Document) -> Block | None:
    """The first block on a page that has a headline: its headline is the page's h1."""
    return next(
        (block for block in document.walk() if block.own_headline and block.kind and "page" in block.kind.surfaces),
        None,
    )


def opening(document: Document) -> frozenset[str]:
    """Ids of the first section of a page's main part and of what is inside it: visitors see it without scrolling."""
    for block in document.blocks:
        if block.kind and "page" in block.kind.surfaces and block.kind.landmark == "main":
            return frozenset(each.id for each in block.walk())
    return frozenset()


def _squeeze(html: str) -> str:
    """Without the empty lines and the indentation that template tags leave behind."""
    return "\n".join(line.strip() for line in html.splitlines() if line.strip())


def _tidy_text(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
