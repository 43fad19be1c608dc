"""Several people at one page, and one person at several pages: who is here, and what was copied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from plainsail.blocks.services import clipboard, edits
from plainsail.blocks.services import presence as presences
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can
from plainsail.pages.services import editing
from plainsail.pages.views import answers


@require_POST
@can("pages.change")
def presence(request: Request, page_id: UUID) -> HttpResponse:
    """Say that a window is here; hear who else is, and what they changed."""
    page = answers.find(request, page_id)
    try:
        sent = edits.read(request.body)
        others = _tell(request, page.id, sent)
        seen = editing.seen(page, revision=sent.revision)
    except Refusal as refusal:
        return answers.refused(refusal)
    said: dict[str, Any] = answers.changed(request, seen) if page.revision != sent.revision else {}
    return JsonResponse(said | {"others": others})


def _tell(request: Request, page_id: UUID, sent: edits.EditRequest) -> list[dict[str, Any]]:
    person: Any = request.user
    others = presences.tell(page_id, window=_window(sent), person=person, section=sent.panel, at=request.now)
    return [{"name": each.name, "section": each.section, "self": each.is_self} for each in others]


@require_POST
@can("pages.change")
def absence(request: Request, page_id: UUID) -> HttpResponse:
    """Say that a window was closed."""
    page = answers.find(request, page_id)
    try:
        presences.leave(page.id, window=_window(edits.read(request.body)), person=request.user)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse({})


@require_POST
@can("pages.change")
def copies(request: Request, page_id: UUID) -> HttpResponse:
    """Copy sections, to be pasted into any page or mail of this business."""
    page = answers.find(request, page_id)
    try:
        sent = edits.read(request.body)
        number = clipboard.copy(page.document, sent.sections, person=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse({"copied": number})


@require_POST
@can("pages.change")
def pastes(request: Request, page_id: UUID) -> HttpResponse:
    """The operations that put what was copied at a place; the window sends them like its own."""
    answers.find(request, page_id)
    try:
        sent = edits.read(request.body)
        operations = clipboard.paste(person=request.user, surface="page", index=sent.at, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse({"operations": operations, "place": clipboard.place_of(operations)})


def _window(sent: edits.EditRequest) -> UUID:
    if sent.window is None:
        raise InvalidOperation
    return sent.window
