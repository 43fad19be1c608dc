"""The editor: the real page in a frame, its sections at the left, the settings of one at the right."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from plainsail.blocks.services import clipboard, outlines, panels, windows
from plainsail.blocks.services.edits import EditRequest
from plainsail.files.services import library
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can
from plainsail.pages import queries
from plainsail.pages.models import Page
from plainsail.pages.services import describing, publishing
from plainsail.pages.views import answers
from plainsail.pages.views.answers import find


@require_GET
@can("pages.change")
def editor(request: Request, page_id: UUID) -> HttpResponse:
    page = find(request, page_id)
    document = page.document
    chosen = document.find(request.GET.get("section", "")) or next(iter(document.blocks), None)
    context = {
        "page": page,
        "surface": "page",
        "document": document,
        "chosen": chosen.id if chosen else "",
        "panel": answers.panel_of(page, document, chosen.id) if chosen else "",
        "live_url": publishing.live_url(page),
        "can": answers.state(request, page),
    }
    return render(request, "pages/editor.html", context | _addable())


def _addable() -> dict[str, object]:
    """What may be added to a page: sections, and in columns of those elements and rows."""
    elements, rows = panels.palette("page", place="element"), outlines.row_shapes()
    return {"palette": panels.palette("page"), "elements": elements, "rows": rows}


@require_GET
@can("pages.view")
@xframe_options_sameorigin
def preview(request: Request, page_id: UUID) -> HttpResponse:
    page = find(request, page_id)
    rendered = publishing.render(page, page.document, editing="editing" in request.GET)
    return answers.as_page(rendered)


@require_GET
@can("pages.change")
def panel(request: Request, page_id: UUID) -> HttpResponse:
    page = find(request, page_id)
    return HttpResponse(answers.panel_of(page, page.document, request.GET.get("section", "")))


@require_GET
@can("pages.change")
def links(request: Request, page_id: UUID) -> HttpResponse:
    """Where a link may lead: sections of this page, pop-ups, the site's other pages, files for download."""
    page = find(request, page_id)
    pages = queries.addressed_pages(request.workspace).exclude(id=page.id)
    found = {"anchors": panels.targets(page.document), "popups": queries.popups_to_open(request.workspace)}
    rest = {"pages": pages, "files": library.downloads(request.workspace)}
    return render(request, "pages/link_list.html", found | rest)


@require_POST
@can("pages.change")
def edits(request: Request, page_id: UUID) -> HttpResponse:
    return answers.to_window(request, page_id, windows.edits)


@require_POST
@can("pages.change")
def undo(request: Request, page_id: UUID) -> HttpResponse:
    return answers.to_window(request, page_id, windows.undo)


@require_POST
@can("pages.change")
def redo(request: Request, page_id: UUID) -> HttpResponse:
    return answers.to_window(request, page_id, windows.redo)


@require_POST
@can("pages.change")
def presence(request: Request, page_id: UUID) -> HttpResponse:
    """Say that a window is here; hear who else is, and what they changed."""
    return answers.to_window(request, page_id, windows.presence)


@require_POST
@can("pages.change")
def absence(request: Request, page_id: UUID) -> HttpResponse:
    """Say that a window was closed."""
    return answers.to_window(request, page_id, windows.absence)


@require_POST
@can("pages.change")
def copies(request: Request, page_id: UUID) -> HttpResponse:
    """Copy sections, to be pasted into any page or mail of this business."""
    return answers.to_window(request, page_id, _copied)


def _copied(desk: windows.Desk[Page], sent: EditRequest) -> windows.Said:
    return {"copied": clipboard.copy(desk.row.document, sent.sections, person=desk.by, at=desk.at)}


@require_POST
@can("pages.change")
def pastes(request: Request, page_id: UUID) -> HttpResponse:
    """The operations that put what was copied at a place; the window sends them like its own."""
    return answers.to_window(request, page_id, _pasted)


def _pasted(desk: windows.Desk[Page], sent: EditRequest) -> windows.Said:
    operations = clipboard.paste(person=desk.by, surface="page", index=sent.at, at=desk.at)
    return {"operations": operations, "place": clipboard.place_of(operations)}


@require_POST
@can("pages.change")
def publication(request: Request, page_id: UUID) -> HttpResponse:
    """Publish; where pictures without words are to be asked for (`asks`), first say which."""
    page = find(request, page_id)
    asks = b'"asks":true' in request.body
    if asks and (wordless := describing.wordless(page.document)):
        return JsonResponse({"wordless": render_to_string("pages/wordless.html", {"wordless": wordless})})
    try:
        publishing.publish(page, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse(answers.state(request, page) | {"url": publishing.live_url(page)})
