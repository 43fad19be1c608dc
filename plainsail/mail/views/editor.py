"""The mail editor: sections at the left, the mail as a reader gets it, the panel of one section at the right."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from plainsail.blocks.services import panels, windows
from plainsail.contacts.models import Contact
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import HeadForm
from plainsail.mail.models import Broadcast, Email, Sender
from plainsail.mail.services import editing, merge_fields, previews, senders
from plainsail.mail.services.merge_fields import MergeField
from plainsail.mail.views import answers
from plainsail.mail.views.answers import find

# What a mail may load while it is looked at: pictures. Its style stands in attributes, as mail programs need it.
MAIL_POLICY = "default-src 'none'; img-src 'self' http: https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


@require_GET
@can("mail.change")
def editor(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    document = email.read()
    chosen = document.find(request.GET.get("section", "")) or next(iter(document.blocks), None)
    shown = {
        "email": email,
        "document": document,
        "chosen": chosen.id if chosen else "",
        "panel": answers.panel_of(request, document, chosen.id) if chosen else "",
        "surface": "mail",
        "palette": panels.palette("mail"),
        "can": answers.state(request, email),
        "merge_fields": _grouped(merge_fields.offered(request.workspace)),
    }
    return render(request, "mail/editor.html", shown | _around(request, broadcast_of(email)))


def _around(request: Request, broadcast: Broadcast | None) -> dict[str, object]:
    """What the editor shows of where the mail belongs."""
    return {"broadcast": broadcast, "back": _back(request, broadcast), "sender": _sender(broadcast)}


@require_GET
@can("mail.view")
@xframe_options_sameorigin
def preview(request: Request, email_id: UUID) -> HttpResponse:
    email = find(request, email_id)
    broadcast = broadcast_of(email)
    reader = reader_of(request)
    topic = broadcast.list if broadcast else None
    shown = previews.show(email, request.workspace, topic=topic, reader=reader, at=request.now)
    response = HttpResponse(shown.in_scheme(request.GET.get("scheme", "light")))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_GET
@can("mail.change")
def panel(request: Request, email_id: UUID) -> HttpResponse:
    asked = {name: request.GET[name].replace("\0", "") for name in ("who", "op") if name in request.GET}
    return HttpResponse(
        answers.panel_of(request, find(request, email_id).read(), request.GET.get("section", ""), **asked)
    )


@require_POST
@can("mail.change")
def edits(request: Request, email_id: UUID) -> HttpResponse:
    return answers.to_window(request, email_id, windows.edits)


@require_POST
@can("mail.change")
def undo(request: Request, email_id: UUID) -> HttpResponse:
    return answers.to_window(request, email_id, windows.undo)


@require_POST
@can("mail.change")
def redo(request: Request, email_id: UUID) -> HttpResponse:
    return answers.to_window(request, email_id, windows.redo)


@require_POST
@can("mail.change")
def presence(request: Request, email_id: UUID) -> HttpResponse:
    """Say that a window is here; hear who else is, and what they changed."""
    return answers.to_window(request, email_id, windows.presence)


@require_POST
@can("mail.change")
def absence(request: Request, email_id: UUID) -> HttpResponse:
    """Say that a window was closed."""
    return answers.to_window(request, email_id, windows.absence)


@require_POST
@can("mail.change")
def head(request: Request, email_id: UUID) -> HttpResponse:
    email, form = find(request, email_id), HeadForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"code": "invalid", "message": str(next(iter(form.errors.values()))[0])}, status=422)
    try:
        headed = editing.head(email, by=request.user, at=request.now, **form.heads())  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return answers.refused(refusal)
    return JsonResponse(answers.headed(headed, knew=form.cleaned_data["revision"]))


def broadcast_of(email: Email) -> Broadcast | None:
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
    if broadcast.is_variant:
        return workspace_url(request.workspace, "mail:testing", broadcast.test_of_id)
    return workspace_url(request.workspace, "mail:audience", broadcast.id)


def _grouped(fields: list[MergeField]) -> list[tuple[str, list[MergeField]]]:
    found: dict[str, list[MergeField]] = {}
    for field in fields:
        found.setdefault(str(field.group), []).append(field)
    return list(found.items())


def reader_of(request: Request) -> Contact | None:
    """The contact whose mail is to be seen, if one is named and may be seen."""
    try:
        key = UUID(request.GET.get("as", ""))
    except ValueError:
        return None
    found: Contact | None = request.workspace.contacts.filter(id=key, deleted_at=None).first()
    return found
