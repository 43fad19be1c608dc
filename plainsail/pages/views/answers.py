"""What the editor's window hears from the server, as JSON: the sections that look different now, their order, a panel."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from plainsail.blocks.services import outlines, panels, rendering, windows
from plainsail.blocks.services.documents import Block, Document
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, workspace_url
from plainsail.pages import queries
from plainsail.pages.live_forms import ShownForm
from plainsail.pages.models import Page
from plainsail.pages.services import editing, publishing


def find(request: Request, page_id: Any) -> Page:
    """One of this business's pages that is not archived. Raises Http404."""
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def as_page(rendered: rendering.RenderedPage, *, status: int = 200) -> HttpResponse:
    """A rendered page with the policy that fits it."""
    response = HttpResponse(rendered.html, status=status)
    response["Content-Security-Policy"] = publishing.content_policy(rendered)
    return response


def panel_of(page: Page, document: Document, name: str) -> str:
    """The settings of a section, and who sees it, or of the theme; nothing for a section that isn't there."""
    if name == "theme":
        return panels.render_theme_panel(document)
    block = document.find(name)
    if block is None:
        return ""
    way = outlines.way_to(document, name)
    return panels.render_panel(block, anchors=panels.anchors(document), way=way, below=_shown(page, document, block))


def _shown(page: Page, document: Document, block: Block) -> SafeString | str:
    """Who sees a section: nothing where everybody has to, or where sections can't differ."""
    if document.index(block.id) < 0 or block.kind is None or block.type == "footer" or page.is_part:
        return ""
    form = shown_form(document, block, auto_id="shown-%s")
    all_url = workspace_url(page.workspace, "pages:audience", page.id)
    return render_to_string("pages/shown.html", {"block": block, "form": form, "all_url": all_url})


def shown_form(document: Document, block: Block, data: QueryDict | None = None, **options: Any) -> ShownForm:
    """The form that asks who sees a section."""
    index = document.index(block.id)
    above = (document.blocks[index - 1].shown or {}) if index > 0 else {}
    may_be_rest = bool(above) or bool((block.shown or {}).get("rest"))
    return ShownForm(data, shown=block.shown, may_be_rest=may_be_rest, **options)


def to_window(request: Request, page_id: UUID, ask: windows.Question[Page]) -> JsonResponse:
    """What the window hears to one of its questions (see `blocks.services.windows`). Raises Http404."""
    by: Any = request.user
    desk = windows.Desk(find(request, page_id), editing, partial(changed, request), by, request.now)
    said, status = windows.answer(ask, desk, request.body)
    return JsonResponse(said, status=status)


def refused(refusal: Refusal) -> JsonResponse:
    return JsonResponse(windows.refused(refusal), status=refusal.status)


def changed(request: Request, edited: editing.Edited, panel: str) -> windows.Said:
    """What the window needs after a change: of what it knew before, all that is different now."""
    after, panel = edited.after, windows.wanted(edited, panel)
    return state(request, edited.row) | {
        "sections": _different(edited),
        "order": [block.id for block in after.blocks],
        "inside": [block.id for section in after.blocks for block in section.walk() if block is not section],
        "footers": [block.id for block in after.blocks if block.type == "footer"],
        "list": _list(edited, panel),
        "panel": panel_of(edited.row, after, panel) if panel else "",
        "chosen": panel,
        "reload": edited.before.theme != after.theme,
        "met": windows.met(edited),
    }


def state(request: Request, page: Page) -> dict[str, Any]:
    """Where the page stands: its revision, what can be undone, whether visitors see something older."""
    undo, redo = queries.undoable(page, request.user)  # type: ignore[arg-type]  # a member
    return {
        "revision": page.revision,
        "undo": bool(undo),
        "redo": bool(redo),
        "badge": render_to_string("pages/state.html", {"page": page}),
    }


def _different(edited: editing.Edited) -> dict[str, str]:
    """The sections that look different now, as HTML by id."""
    head, ids = publishing.head_of(edited.row), rendering.changed_sections(edited.before, edited.after)
    rendered = rendering.render_sections(edited.after, head, editing=True, only=ids) if ids else ()
    return {section.id: section.html for section in rendered}


def _list(edited: editing.Edited, chosen: str) -> str:
    """The list of sections, where it says anything new."""
    before, after = (
        [(each.id, each.type, each.headline, outlines.places_of(each)) for each in document.blocks]
        for document in (edited.before, edited.after)
    )
    if before == after:
        return ""
    return panels.section_list(edited.after, chosen=chosen)
