"""Contacts taken along: asked for from their list, fetched at a signed address."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from plainsail.accounts.models import User
from plainsail.contacts.forms import AskedForm
from plainsail.contacts.services import exporting
from plainsail.contacts.services.exporting import Asked
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, can, private_link, public, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.export")
def exports(request: Request) -> HttpResponse:
    """The last archives, and whom the next one is about; a post has it made."""
    form = AskedForm(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST" and form.is_valid():
        asked = Asked(**{name: str(value or "") for name, value in form.cleaned_data.items()})
        exporting.ask(request.workspace, asked, by=cast(User, request.user), at=request.now)
        messages.success(request, _("Your export is being made. The link appears here when it is ready."))
        return redirect(workspace_url(request.workspace, "contacts:exports"))
    rows = request.workspace.contact_exports.order_by("-created_at", "-id")[:20]
    made = [(one, exporting.url(one) if one.state == "ready" else "") for one in rows]
    context = {"exports": made, "form": form, "is_busy": any(one.state == "waiting" for one, _url in made)}
    return render(request, "contacts/exports.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@public
@private_link
def export_file(request: Request, token: str) -> HttpResponse:
    """The archive, for whoever has the link."""
    try:
        export, path = exporting.find(token, at=request.now)
    except BadToken as error:
        raise Http404 from error
    name = f"contacts-{export.created_at:%Y-%m-%d}.zip"
    sent = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    return cast(HttpResponse, sent)
