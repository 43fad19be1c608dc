"""Where the links in mail lead: confirm, choose, leave. Nothing changes on GET, because mail scanners follow links."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plainsail.contacts import queries
from plainsail.contacts.services import consent, links
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, client_ip, public


@public
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: Request, token: str) -> HttpResponse:
    """One press confirms that the address wants the mail."""
    try:
        member = links.read_confirm(token)
    except BadToken:
        return _worn_out(request)
    if request.method == "POST":
        agent = request.headers.get("User-Agent", "")
        consent.confirm(member, at=request.now, ip=client_ip(request), user_agent=agent)
    return render(request, "contacts/confirm.html", {"member": member, "is_done": request.method == "POST"})


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: Request, token: str) -> HttpResponse:
    """Out of a list, or of everything. A POST is enough (RFC 8058), and a stale one is answered as calmly."""
    try:
        contact, list_id = links.read_unsubscribe(token)
    except BadToken:
        return render(request, "contacts/unsubscribed.html") if request.method == "POST" else _worn_out(request)
    topic = request.workspace.lists.filter(id=list_id).first() if list_id else None
    if request.method == "POST":
        consent.leave(contact, topic, at=request.now)
        return render(request, "contacts/unsubscribed.html", {"topic": topic})
    choices = links.preferences_url(request.workspace, contact.id)
    return render(
        request, "contacts/unsubscribe.html", {"contact": contact, "topic": topic, "preferences_url": choices}
    )


@public
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: Request, token: str) -> HttpResponse:
    """What somebody gets, list by list, and nothing at all."""
    try:
        contact = links.read_preferences(token)
    except BadToken:
        return _worn_out(request)
    if request.method == "POST":
        consent.choose(contact, keep=request.POST.getlist("list"), stop="stop" in request.POST, at=request.now)
    context = {"contact": contact, "members": queries.members_of(contact), "is_saved": request.method == "POST"}
    return render(request, "contacts/preferences.html", context)


def _worn_out(request: Request) -> HttpResponse:
    return render(request, "contacts/worn_out.html", status=404)
