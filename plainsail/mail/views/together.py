"""Several people at one mail: who is here, and what they changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from plainsail.blocks.services import edits
from plainsail.blocks.services import presence as presences
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can
from plainsail.mail.services import editing
from plainsail.mail.views import answers


@require_POST
@can("mail.change")
def presence(request: Request, email_id: UUID) -> HttpResponse:
    """Say that a window is here; hear who else is, and what they changed."""
    email = answers.find(request, email_id)
    try:
        sent = edits.read(request.body)
        others = _tell(request, email.id, sent)
        seen = editing.seen(email, revision=sent.revision)
    except Refusal as refusal:
        return answers.refused(refusal)
    said: dict[str, Any] = answers.changed(request, seen) if email.revision != sent.revision else {}
    return JsonResponse(said | {"others": others})


def _tell(request: Request, email_id: UUID, sent: edits.EditRequest) -> list[dict[str, Any]]:
    person: Any = request.user
    others = presences.tell(email_id, window=_window(sent), person=person, section=sent.panel, at=request.now)
    return [{"name": each.name, "section": each.section, "self": each.is_self} for each in others]


@require_POST
@can("mail.change")
def absence(request: Request, email_id: UUID) -> HttpResponse:
    """Say that a window was closed."""
    email = answers.find(request, email_id)
    try:
        presences.leave(email.id, window=_window(edits.read(request.body)), person=request.user)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse({})


def _window(sent: edits.EditRequest) -> UUID:
    if sent.window is None:
        raise InvalidOperation
    return sent.window
