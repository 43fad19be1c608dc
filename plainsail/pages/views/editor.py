"""The editor: the real page in a frame, its sections, the panel of one, and the operations between them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from plainsail.blocks.services import panels, rendering
from plainsail.blocks.services.documents import Document, InvalidDocument
from plainsail.blocks.services.edits import read as read_edit
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can
from plainsail.pages import queries
from plainsail.pages.models import Page
from plainsail.pages.services import editing, publishing


@require_GET
@can("pages.change")
def editor(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    document = page.document
    chosen = document.find(request.GET.get("section", "")) or next(iter(document.blocks), None)
    context = {
        "page": page,
        "document": document,
        "chosen": chosen.id if chosen else "",
        "panel": panels.render_panel(chosen, anchors=panels.anchors(document)) if chosen else "",
        "palette": panels.palette("page"),
        "live_url": publishing.address(request.workspace, page.path),
    }
    return render(request, "pages/editor.html", context)


@require_GET
@can("pages.view")
@xframe_options_sameorigin
def preview(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    rendered = publishing.render(page, page.document, editing="editing" in request.GET)
    return as_page(rendered)


@require_GET
@can("pages.change")
def panel(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    return HttpResponse(_panel(page.document, request.GET.get("section", "")))


@require_POST
@can("pages.change")
def edits(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    try:
        sent = read_edit(request.body)
        edited = editing.apply(page, sent.operations, revision=sent.revision, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("pages.change")
def undo(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    try:
        sent = read_edit(request.body)
        edited = editing.undo(page, revision=sent.revision, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("pages.change")
def redo(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    try:
        sent = read_edit(request.body)
        edited = editing.redo(page, revision=sent.revision, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("pages.change")
def publication(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    try:
        publishing.publish(page, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return _refused(refusal)
    url = publishing.address(request.workspace, page.path)
    return JsonResponse(_state(page) | {"url": url, "message": _("Live at %(url)s") % {"url": url}})


def as_page(rendered: rendering.RenderedPage, *, status: int = 200) -> HttpResponse:
    """A rendered page with the policy that fits it."""
    response = HttpResponse(rendered.html, status=status)
    response["Content-Security-Policy"] = publishing.content_policy(rendered)
    return response


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def _panel(document: Document, name: str) -> str:
    if name == "theme":
        return panels.render_theme_panel(document)
    block = document.find(name)
    return panels.render_panel(block, anchors=panels.anchors(document)) if block else ""


def _answer(edited: editing.Edited, panel_of: str) -> dict[str, Any]:
    """What the browser needs after a change: the sections that look different now, their order, the list, a panel."""
    page, after = edited.page, edited.after
    head = publishing.head_of(page)
    before = {section.id: section.html for section in rendering.render_sections(edited.before, head, editing=True)}
    sections = {
        section.id: section.html
        for section in rendering.render_sections(after, head, editing=True)
        if before.get(section.id) != section.html
    }
    new = [block.id for block in after.blocks if edited.before.find(block.id) is None]
    panel_of = new[0] if new and panel_of == "new" else panel_of
    return _state(page) | {
        "sections": sections,
        "order": [block.id for block in after.blocks],
        "footers": [block.id for block in after.blocks if block.type == "footer"],
        "list": render_to_string("pages/section_list.html", {"document": after, "chosen": panel_of}),
        "panel": _panel(after, panel_of) if panel_of else "",
        "chosen": panel_of,
        "reload": edited.before.theme != after.theme,
    }


def _state(page: Page) -> dict[str, Any]:
    return {
        "revision": page.revision,
        "undo": page.can_undo,
        "redo": page.can_redo,
        "badge": render_to_string("pages/state.html", {"page": page}),
    }


def _refused(refusal: Refusal) -> JsonResponse:
    errors = refusal.errors if isinstance(refusal, InvalidDocument) else {}
    code = InvalidOperation.code if isinstance(refusal, InvalidOperation) else refusal.code
    return JsonResponse({"code": code, "message": str(refusal), "errors": errors}, status=refusal.status)
