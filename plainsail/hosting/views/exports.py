"""Taking everything along: asked for in Settings, fetched at a signed address."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plainsail.accounts.models import User
from plainsail.hosting.services import exporting
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, also_when_closed, can, private_link, public, workspace_url


@require_POST
@can("hosting.own")
@also_when_closed
def ask(request: Request) -> HttpResponse:
    """Have an archive of everything made."""
    exporting.ask(request.workspace, by=cast(User, request.user), at=request.now)
    messages.success(request, _("Your export is being made. The link appears here when it is ready."))
    return redirect(workspace_url(request.workspace, "hosting:closing"))


@require_safe
@public
@private_link
def export_file(request: Request, token: str) -> HttpResponse:
    """The archive, for whoever has the link."""
    try:
        export, path = exporting.find(token, at=request.now)
    except BadToken as error:
        raise Http404 from error
    name = f"plainsail-{export.asked_at:%Y-%m-%d}.zip"
    sent = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    return cast(HttpResponse, sent)
