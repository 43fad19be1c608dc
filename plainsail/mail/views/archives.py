"""Which lists have a public archive. The owner opens one, and closes it again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.services import hosts
from plainsail.contacts.models import List
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.services import web_letters


@require_GET
@can("mail.view")
def archives(request: Request) -> HttpResponse:
    rows = request.workspace.lists.order_by("name", "id").prefetch_related("archives")
    listed = [(each, bool(each.archives.all()), _url(request, each.slug)) for each in rows]
    # A list that is put away has no archive to open any more, but may have one to close.
    listed = [one for one in listed if one[0].archived_at is None or one[1]]
    return render(request, "mail/archives.html", {"lists": listed})


@require_POST
@can("mail.manage")
def archiving(request: Request, list_id: UUID) -> HttpResponse:
    """Open or close a list's archive."""
    topic: List = get_object_or_404(request.workspace.lists, id=list_id)
    if "close" in request.POST:
        web_letters.close_archive(topic)
        messages.success(request, _("Closed. The page is gone."))
    else:
        web_letters.open_archive(topic, at=request.now)
        messages.success(request, _("Open: anybody can read what everybody on this list was sent."))
    return redirect(workspace_url(request.workspace, "mail:archives"))


def _url(request: Request, slug: str) -> str:
    return hosts.public_url(request.workspace, f"/archive/{slug}/")
