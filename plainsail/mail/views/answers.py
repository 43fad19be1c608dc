"""What the mail editor's window hears from the server, as JSON: sections and their order, a panel, subject and preview text."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string

from plainsail.blocks.services import panels, rendering, windows
from plainsail.blocks.services.documents import Document
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.mail import queries
from plainsail.mail.models import Email
from plainsail.mail.services import editing, showings


def find(request: Request, email_id: UUID) -> Email:
    """One of this business's mails. Raises Http404."""
    found: Email = get_object_or_404(request.workspace.emails, id=email_id)
    return found


def panel_of(request: Request, document: Document, name: str, *, who: str | None = None, op: str | None = None) -> str:
    """The settings of a section, or of the look; nothing for a section that isn't there."""
    if name == "theme":
        return panels.render_theme_panel(document, surface="mail")
    block = document.find(name)
    if block is None:
        return ""
    below = ""
    if block.kind and block.type != "mail_footer":
        showing = showings.showing(request.workspace, document, block, who=who, op=op)
        below = render_to_string("mail/shown.html", {"showing": showing})
    return panels.render_panel(block, surface="mail", below=below)


def to_window(request: Request, email_id: UUID, ask: windows.Question[Email]) -> JsonResponse:
    """What the window hears to one of its questions (see `blocks.services.windows`). Raises Http404."""
    by: Any = request.user
    desk = windows.Desk(find(request, email_id), editing, partial(changed, request), by, request.now)
    said, status = windows.answer(ask, desk, request.body)
    return JsonResponse(said, status=status)


def refused(refusal: Refusal) -> JsonResponse:
    return JsonResponse(windows.refused(refusal), status=refusal.status)


def changed(request: Request, edited: editing.Edited, panel: str) -> windows.Said:
    """What the window needs after a change: of what it knew before, all that is different now. It fetches the mail itself."""
    after, panel = edited.after, windows.wanted(edited, panel)
    return state(request, edited.row) | {
        "order": [block.id for block in after.blocks],
        "changed": sorted(rendering.changed_sections(edited.before, after)),
        "list": panels.section_list(after, chosen=panel, surface="mail"),
        "panel": panel_of(request, after, panel) if panel else "",
        "chosen": panel,
        "met": windows.met(edited),
    }


def state(request: Request, email: Email) -> dict[str, Any]:
    """Where the mail stands: its revision, what can be undone, its subject and preview text."""
    undo, redo = queries.undoable(email, request.user)  # type: ignore[arg-type]  # a member
    return {"revision": email.revision, "undo": bool(undo), "redo": bool(redo), "head": _head(email)}


def headed(found: editing.Headed, *, knew: int | None) -> dict[str, Any]:
    """Subject and preview text as they are now, and those that somebody else had changed.

    The window is on the newest revision only where nothing but this change came since the one it knew.
    """
    email = found.email
    is_newest = knew is None or email.revision == knew + found.is_written
    return {"head": _head(email), "met": found.met, "revision": email.revision if is_newest else knew}


def _head(email: Email) -> dict[str, str]:
    return {"subject": email.subject, "preheader": email.preheader}
