"""Who sees which section of a page: one form for each, and the page as somebody else sees it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.blocks.services.documents import Block, Document
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.live_forms import ShownForm
from plainsail.pages.models import Page
from plainsail.pages.services import editing
from plainsail.pages.views.answers import shown_form


@require_GET
@can("pages.change")
def audience(request: Request, page_id: UUID) -> HttpResponse:
    return _show(request, _page(request, page_id))


@require_POST
@can("pages.change")
def section_audience(request: Request, page_id: UUID, block_id: str) -> HttpResponse:
    page = _page(request, page_id)
    block = page.document.find(block_id)
    if block is None:
        messages.error(request, _("This section is not there any more."))
        return _back(request, page)
    form = _form(page.document, block, request)
    if not form.is_valid():
        return _show(request, page, wrong=(block_id, form), status=422)
    try:
        editing.apply(page, [form.operation(block_id)], revision=page.revision, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
        messages.success(request, _("Saved in the draft. Publish the page to show it."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return _back(request, page)


def _back(request: Request, page: Page) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "pages:audience", page.id))


def _show(
    request: Request, page: Page, *, wrong: tuple[str, ShownForm] | None = None, status: int = 200
) -> HttpResponse:
    document = page.document
    rows = [
        (block, wrong[1] if wrong and wrong[0] == block.id else _form(document, block))
        for block in document.blocks
        if block.kind is not None and block.type != "footer"
    ]
    return render(request, "pages/audience.html", {"page": page, "rows": rows}, status=status)


def _form(document: Document, block: Block, request: Request | None = None) -> ShownForm:
    return shown_form(document, block, request.POST if request is not None else None, auto_id=f"{block.id}-%s")


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)
