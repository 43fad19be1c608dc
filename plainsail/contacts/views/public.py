"""Where the links in mail lead: confirm, choose, leave. Nothing changes on GET, because mail scanners follow links."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plainsail.contacts import queries
from plainsail.contacts.forms import WishForm
from plainsail.contacts.models import Contact
from plainsail.contacts.services import consent, links, wishes
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
    """Out of a list, or of everything. A POST is enough (RFC 8058), and calmly answered for whoever is gone already."""
    try:
        contact, list_id = links.read_unsubscribe(token)
    except links.NobodyThere:
        return render(request, "contacts/unsubscribed.html") if request.method == "POST" else _worn_out(request)
    except BadToken:
        # Nobody was taken off anything, so nobody is told so.
        return _worn_out(request)
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
    """What somebody gets, list by list; a pause; nothing at all; and being erased."""
    try:
        contact = links.read_preferences(token)
    except BadToken:
        return _worn_out(request)
    context: dict[str, object] = {"contact": contact, "weeks": wishes.WEEKS}
    if request.method == "POST":
        form = WishForm(request.POST)
        form.is_valid()
        context |= _fulfil(request, contact, form.cleaned_data)
    context |= {
        "members": queries.members_of(contact).filter(list__archived_at=None),
        "pause": wishes.pause_of(contact),
        "is_to_be_erased": wishes.has_asked_to_be_erased(contact),
    }
    return render(request, "contacts/preferences.html", context)


def _fulfil(request: Request, contact: Contact, wish: dict[str, Any]) -> dict[str, object]:
    """Do what one button of the page asks for, and say what the page then says."""
    if wish["erase"]:
        if wish["sure"]:
            wishes.ask_to_be_erased(contact, ip=client_ip(request), at=request.now)
        return {"asks_whether_sure": not wish["sure"]}
    if wish["pause"]:
        wishes.pause(contact, weeks=wish["pause"], at=request.now)
        return {"is_paused": True}
    if wish["go_on"]:
        wishes.go_on(contact)
        return {"is_saved": True}
    stop, keep = wish["stop"], request.POST.getlist("list")
    asked = consent.choose(contact, keep=keep, stop=stop, ip=client_ip(request), at=request.now)
    return {"is_saved": True, "is_stopped": stop, "asked": asked}


def _worn_out(request: Request) -> HttpResponse:
    return render(request, "contacts/worn_out.html", status=404)
