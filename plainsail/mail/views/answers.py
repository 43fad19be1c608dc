"""What the mail editor's window hears from the server, as JSON: sections and their order, a panel, subject and preview text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from plainsail.blocks.services import comparing, panels, rendering
from plainsail.blocks.services.documents import Document, InvalidDocument
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
        return render_to_string("mail/theme_panel.html", {"controls": panels.theme_controls(document)})
    block = document.find(name)
    if block is None:
        return ""
    below = ""
    if block.kind and block.type != "mail_footer":
        showing = showings.showing(request.workspace, document, block, who=who, op=op)
        below = render_to_string("mail/shown.html", {"showing": showing})
    return panels.render_panel(block, surface="mail", below=below)


def changed(request: Request, edited: editing.Edited, panel: str = "") -> dict[str, Any]:
    """What the window needs after a change: of what it knew before, all that is different now. It fetches the mail itself."""
    after = edited.after
    new = [block.id for block in after.blocks if edited.before.find(block.id) is None]
    panel = new[0] if new and panel == "new" else panel
    return state(request, edited.email) | {
        "order": [block.id for block in after.blocks],
        "changed": sorted(rendering.changed_sections(edited.before, after)),
        "list": render_to_string("mail/section_list.html", {"document": after, "chosen": panel}),
        "panel": panel_of(request, after, panel) if panel else "",
        "chosen": panel,
        "met": [_met(each, edited) for each in edited.met],
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


def refused(refusal: Refusal) -> JsonResponse:
    errors = refusal.errors if isinstance(refusal, InvalidDocument) else {}
    said = {"code": refusal.code, "message": str(refusal), "errors": errors, "field": refusal.field or ""}
    return JsonResponse(said, status=refusal.status)


def _head(email: Email) -> dict[str, str]:
    return {"subject": email.subject, "preheader": email.preheader}


def _met(met: editing.Met, edited: editing.Edited) -> dict[str, Any]:
    """An operation that was given back, in words: what both wanted, and who the other is."""
    said = comparing.describe(met.operation, before=edited.before, now=edited.after)
    step = met.step
    who = str(step.by) if step and step.by else _("Somebody")
    at = date_format(localtime(step.at), "TIME_FORMAT") if step and step.at else ""
    return {
        "operation": met.operation,
        "section": said.section,
        "setting": said.setting,
        "mine": said.mine,
        "theirs": said.theirs,
        "gone": said.is_gone,
        "by": _("%(who)s, at %(time)s") % {"who": who, "time": at} if at else who,
    }
