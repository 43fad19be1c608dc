"""Mail in a browser: a reader's own message by its signed link, and a list's archive for everybody. Nothing changes here."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from plainsail.contacts.models import List
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, private_link, public
from plainsail.mail.services import books, previews, web_letters

PER_PAGE = 25
# As in a mail program: pictures and style, nothing that runs. Links lead out of the page, never into a frame.
LETTER_POLICY = (
    "default-src 'none'; img-src 'self' http: https: data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


@private_link
@public
@require_safe
def letter(request: Request, token: str) -> HttpResponse:
    """One message as its reader got it. Looking at it counts nothing."""
    try:
        delivery = web_letters.read(token)
    except BadToken:
        raise Http404 from None
    return _letter(web_letters.show(delivery, request.workspace, at=request.now).html)


@public
@require_safe
def archive(request: Request, slug: str) -> HttpResponse:
    """What was sent to everybody on a list, where the owner opened its archive."""
    topic = _open_list(request, slug)
    page = Paginator(web_letters.archived(topic), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mail/archive.html", {"topic": topic, "page": page})


@public
@require_safe
def archived(request: Request, slug: str, broadcast_id: UUID) -> HttpResponse:
    """One of them, as somebody sees it of whom nothing is known."""
    topic = _open_list(request, slug)
    found = get_object_or_404(web_letters.archived(topic), id=broadcast_id)
    assert found.edition is not None, "asked for in `archived`"
    shown = previews.show_to_anybody(found.edition, request.workspace, sender=books.sender_of(found.id), topic=topic)
    return _letter(shown.html)


def _open_list(request: Request, slug: str) -> List:
    topic: List = get_object_or_404(request.workspace.lists, slug=slug)
    if not web_letters.is_open(topic):
        raise Http404
    return topic


def _letter(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = LETTER_POLICY
    return response
