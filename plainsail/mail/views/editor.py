"""The mail editor: sections at the left, the mail as a reader gets it, the panel of one section at the right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from plainsail.blocks.services import panels
from plainsail.blocks.services.documents import Document, InvalidDocument
from plainsail.blocks.services.edits import read as read_edit
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import HeadForm
from plainsail.mail.models import Broadcast, Email, Sender
from plainsail.mail.services import emails, previews, senders

# What a mail may load while it is looked at: pictures. Its style stands in attributes, as mail programs need it.
MAIL_POLICY = "default-src 'none'; img-src 'self' http: https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
NAME_HOLE = "{{first_name|there}}"


@require_GET
@can("mail.change")
def editor(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    document = email.read()
    chosen = document.find(request.GET.get("section", "")) or next(iter(document.blocks), None)
    broadcast = _broadcast(email)
    context = {
        "email": email,
        "document": document,
        "broadcast": broadcast,
        "back": _back(request, broadcast),
        "sender": _sender(broadcast),
        "chosen": chosen.id if chosen else "",
        "panel": panels.render_panel(chosen) if chosen else "",
        "palette": panels.palette("mail"),
    }
    return render(request, "mail/editor.html", context | {"name_hole": NAME_HOLE})


@require_GET
@can("mail.view")
@xframe_options_sameorigin
def preview(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    broadcast = _broadcast(email)
    shown = previews.show(email, request.workspace, topic=broadcast.list if broadcast else None)
    response = HttpResponse(shown.html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_GET
@can("mail.change")
def panel(request: Request, email_id: UUID) -> HttpResponse:
    return HttpResponse(_panel(find(request, email_id).read(), request.GET.get("section", "")))


@require_POST
@can("mail.change")
def edits(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    try:
        sent = read_edit(request.body)
        edited = emails.apply(email, sent.operations, revision=sent.revision, at=request.now)
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("mail.change")
def undo(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    try:
        sent = read_edit(request.body)
        edited = emails.undo(email, revision=sent.revision, at=request.now)
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("mail.change")
def redo(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    try:
        sent = read_edit(request.body)
        edited = emails.redo(email, revision=sent.revision, at=request.now)
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse(_answer(edited, sent.panel))


@require_POST
@can("mail.change")
def head(request: Request, email_id: UUID) -> HttpResponse:
    email, form = find(request, email_id), HeadForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"code": "invalid", "message": str(next(iter(form.errors.values()))[0])}, status=422)
    try:
        changed = emails.head(email, at=request.now, **form.cleaned_data)
    except Refusal as refusal:
        return _refused(refusal)
    return JsonResponse({"revision": changed.revision})


def find(request: Request, email_id: UUID) -> Email:
    """One of this business's mails. Raises Http404."""
    found: Email = get_object_or_404(request.workspace.emails, id=email_id)
    return found


def _broadcast(email: Email) -> Broadcast | None:
    found: Broadcast | None = email.broadcasts.select_related("list", "sender").first()
    return found


def _sender(broadcast: Broadcast | None) -> Sender:
    return broadcast.sender if broadcast and broadcast.sender else senders.default()


def _back(request: Request, broadcast: Broadcast | None) -> str:
    """Where the editor was opened from: a broadcast's first step, or the automation that sends the mail."""
    asked = request.GET.get("back", "")
    if asked.startswith(f"/w/{request.workspace.slug}/") and "//" not in asked:
        return asked
    if broadcast is None:
        return workspace_url(request.workspace, "mail:emails")
    return workspace_url(request.workspace, "mail:audience", broadcast.id)


def _panel(document: Document, name: str) -> str:
    if name == "theme":
        return render_to_string("mail/theme_panel.html", {"controls": panels.theme_controls(document)})
    block = document.find(name)
    return panels.render_panel(block) if block else ""


def _answer(edited: emails.Edited, panel_of: str) -> dict[str, Any]:
    """What the browser needs after a change: order and list of sections, and a panel. It fetches the mail itself."""
    email, after = edited.email, edited.after
    new = [block.id for block in after.blocks if edited.before.find(block.id) is None]
    panel_of = new[0] if new and panel_of == "new" else panel_of
    return {
        "revision": email.revision,
        "undo": email.can_undo,
        "redo": email.can_redo,
        "order": [block.id for block in after.blocks],
        "list": render_to_string("mail/section_list.html", {"document": after, "chosen": panel_of}),
        "panel": _panel(after, panel_of) if panel_of else "",
        "chosen": panel_of,
    }


def _refused(refusal: Refusal) -> JsonResponse:
    errors = refusal.errors if isinstance(refusal, InvalidDocument) else {}
    return JsonResponse({"code": refusal.code, "message": str(refusal), "errors": errors}, status=refusal.status)
