"""What of a published page is not the same for everybody: kept with its snapshot, and given out to whom it is for.

The page that the edge serves is the one for people nobody knows anything of, and any cache may keep it. Where a section is
for some only, an empty place stands; who it is for is said nowhere on the page. The page's script asks once (`for_visitor`),
and gets what this visitor may see, frozen when the page was. Who asks without being one of them gets what strangers get.

`PublishedSnapshot.live` is `{parts: [{id, html, who, rest}], style, countdowns: [id], script}`: `who` is a condition (see
`blocks.services.showing`), `rest` how many sections right behind the place are instead of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.templatetags.static import static
from django.utils.html import format_html

from plainsail.blocks.services import rendering
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.services.rendering import PageHead, RenderedPage
from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.kernel.errors import Refusal
from plainsail.pages.models import Page

SCRIPT = "pages/live.js"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
MARK = "data-live-page"
"""The attribute of the script's element; a page that has it may run scripts of this site, and ask it."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: whose browser it is as far as that is known, and what the browser says of itself."""

    contact: Contact | None = None
    visitor_id: UUID | None = None
    source: str = ""
    device: str = ""
    """`phone` or `desktop`."""
    languages: Sequence[str] = ()
    """As the browser prefers them, such as `de-at`."""


@dataclass(frozen=True)
class Dressed:
    """A page for everybody, and what is kept beside it for some."""

    page: RenderedPage
    live: dict[str, Any]


def dress(page: Page, document: Document, head: PageHead, *, script: bool, cards: Mapping[Any, Any] | None) -> Dressed:
    """Render a page without what only some may see, with empty places there. `script` says that something else needs it.

    Cost: a page with such sections is rendered twice more.
    """
    hidden = [block for block in document.blocks if _condition(document, block) is not None]
    # Those that come first shall keep the page's one first headline, so the others are rendered behind them.
    everywhere = [block for block in document.blocks if block not in hidden]
    rendered = rendering.render_page(document.with_blocks(everywhere), head, cards=cards)
    counted = [row_id.hex for kind, row_id in document.references() if kind == "countdown"]
    live: dict[str, Any] = {"countdowns": counted} if counted else {}
    html = rendered.html
    if hidden:
        whole = document.with_blocks([*everywhere, *hidden])
        sections = {each.id: each for each in rendering.render_sections(whole, head, cards=cards)}
        html = _with_places(html, document, hidden, {name: str(each.html) for name, each in sections.items()})
        live["parts"] = [
            _part(document, block, str(sections[block.id].html)) for block in hidden if block.id in sections
        ]
        all_of_it = rendering.render_page(whole, head, cards=cards)
        live["style"] = "".join(STYLE.findall(all_of_it.html))
        # Whoever sees a section sees its film too.
        own_style, *_others = rendered.style_source.split()
        sources = " ".join([own_style, *all_of_it.style_source.split()[1:]])
        rendered = replace(rendered, style_source=sources, frame_sources=all_of_it.frame_sources)
    if script or live:
        html = html.replace("</body>", f"{_element(page)}</body>", 1)
        live["script"] = True
    return Dressed(replace(rendered, html=html), live)


def _condition(document: Document, block: Block) -> Mapping[str, Any] | None:
    """Who sees a section, where not everybody does. A footer says whose page it is, so it is never hidden."""
    shown = block.shown or {}
    return None if block.type == "footer" or not ("tree" in shown or "visit" in shown) else shown


def seen_by_all(document: Document) -> set[tuple[str, UUID]]:
    """The rows that those sections point to which everybody sees."""
    shown = document.with_blocks(block for block in document.blocks if _condition(document, block) is None)
    return set(shown.references())


def _part(document: Document, block: Block, html: str) -> dict[str, Any]:
    index, rest = document.index(block.id), 0
    for after in document.blocks[index + 1 :]:
        if not (after.shown or {}).get("rest"):
            break
        rest += 1
    return {"id": block.id, "html": html, "who": dict(block.shown or {}), "rest": rest}


def _with_places(html: str, document: Document, hidden: Sequence[Block], sections: Mapping[str, str]) -> str:
    """The page with an empty place for each section that is missing, before the one that comes behind it."""
    missing = {block.id for block in hidden}
    for index, block in reversed(list(enumerate(document.blocks))):
        if block.id not in missing:
            continue
        place = format_html('<div data-live="{}" hidden></div>', block.id)
        follows = next((each for each in document.blocks[index + 1 :] if each.id not in missing), None)
        there = sections.get(follows.id, "") if follows is not None and follows.type != "footer" else ""
        behind = document.blocks[index + 1].id if index + 1 < len(document.blocks) else ""
        # Two in a row: the one behind has its place already.
        target = f'<div data-live="{behind}"' if behind in missing else there
        target = target if target and target in html else "</main>"
        html = html.replace(target, f"{place}{target}", 1)
    return html


def _element(page: Page) -> str:
    return format_html('<script type="module" src="{}" {}="{}"></script>', static(SCRIPT), MARK, page.id.hex)


def runs_script(html: str) -> bool:
    return f" {MARK}=" in html


def parts_for(live: Mapping[str, Any], caller: Caller, *, at: datetime) -> list[dict[str, Any]]:
    """The sections that this visitor may see, as `{id, html, rest}`. A statement for each condition on a known contact."""
    return [
        {"id": part["id"], "html": part["html"], "rest": part["rest"]}
        for part in live.get("parts", [])
        if is_for(part["who"], caller, at=at)
    ]


def is_for(who: Mapping[str, Any], caller: Caller, *, at: datetime) -> bool:
    """Whether a condition holds for somebody; a condition on a contact never for a stranger."""
    if "visit" in who:
        return all(_fits(name, wanted, caller) for name, wanted in who["visit"].items())
    return meets(who.get("tree", {}), caller.contact, at=at)


def meets(tree: Mapping[str, Any], contact: Contact | None, *, at: datetime) -> bool:
    """Whether a contact meets a condition. One that can't be asked any more holds for nobody."""
    if contact is None:
        return False
    try:
        meant = condition_of(tree, at=at)
    except Refusal:
        return False
    return bool(Contact.objects.filter(meant, id=contact.id).exists())


def _fits(name: str, wanted: str, caller: Caller) -> bool:
    if name == "source":
        return caller.source.casefold() == wanted.casefold()
    if name == "device":
        return caller.device == wanted
    first = caller.languages[0] if caller.languages else ""
    return first == wanted or first.partition("-")[0] == wanted
