"""Where the links in mail lead: confirm, choose, leave. Nothing changes on GET, because mail scanners follow links."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plainsail.contacts import queries
from plainsail.contacts.services import consent, links
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, client_ip, private_link, public


@private_link
@csrf_exempt  # the link itself is the authority; without cookies it must work too
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
        return redirect("contacts:confirm", token)
    choices = links.preferences_url(request.workspace, member.contact_id)
    context = {"member": member, "is_done": member.is_subscribed, "preferences_url": choices}
    return render(request, "contacts/confirm.html", context)


@private_link
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
    choices = links.preferences_url(request.workspace, contact.id)
    context = {"contact": contact, "topic": topic, "preferences_url": choices}
    page = "unsubscribe" if queries.gets(contact, topic) else "unsubscribed"
    return render(request, f"contacts/{page}.html", context)


@private_link
@csrf_exempt  # as above
@public
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: Request, token: str) -> HttpResponse:
    """What somebody gets, list by list, and nothing at all."""
    try:
        contact = links.read_preferences(token)
    except BadToken:
        return _worn_out(request)
    context: dict[str, object] = {"contact": contact, "is_saved": request.method == "POST"}
    if request.method == "POST":
        stop, keep = "stop" in request.POST, request.POST.getlist("list")
        asked = consent.choose(contact, keep=keep, stop=stop, ip=client_ip(request), at=request.now)
        context |= {"is_stopped": stop, "asked": asked}
    context["members"] = queries.members_of(contact)
    return render(request, "contacts/preferences.html", context)


def _worn_out(request: Request) -> HttpResponse:
    return render(request, "contacts/worn_out.html", status=404)
