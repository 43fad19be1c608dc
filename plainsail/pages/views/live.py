"""What a page's script asks for: what this visitor may see of it, and that a pop-up was seen. Kept by nobody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from plainsail.kernel.http import (
    VISITOR_COOKIE,
    Request,
    client_ip,
    know_again,
    public,
    visitor_cookie,
    visitor_of,
)
from plainsail.kernel.throttle import Throttle
from plainsail.pages import queries
from plainsail.pages.models import Page
from plainsail.pages.services import countdowns, living, popups, prefilling

LARGEST = 4096
COUNTS = Throttle(purpose="pages.popup_counts", limit=600)
"""What one network address may count within an hour; more of it changes nothing any more."""


@csrf_exempt  # a page that is the same for everybody has no token; nothing here acts in anybody's name
@require_POST
@public
def for_you(request: Request) -> HttpResponse:
    said = _said(request)
    page: Page = get_object_or_404(queries.current_pages(request.workspace), id=_uuid(said.get("page")))
    # The list of posts has one for each of its pages: they differ in nothing that is asked for here.
    stored = request.workspace.published_snapshots.defer("body", "body_gzip", "body_br").filter(page=page)
    snapshot = get_object_or_404(stored.order_by("path")[:1])
    caller = _caller(request, said)
    return _answer(_for(page, snapshot.live, caller, at=request.now))


@csrf_exempt  # counts, and nothing else
@require_POST
@public
def count(request: Request) -> HttpResponse:
    said = _said(request)
    if COUNTS.spend(client_ip(request), at=request.now):
        popups.count(request.workspace, key=str(said.get("key"))[:40], what=str(said.get("what"))[:20], at=request.now)
    return _answer({})


@csrf_exempt  # gives a browser a number that nobody else has, or takes its own away
@require_POST
@public
def recognition(request: Request) -> HttpResponse:
    """After a visitor's yes a cookie, by which they are known again; after their no it goes."""
    response = _answer({})
    if _said(request).get("recognise") is not True:
        response.delete_cookie(VISITOR_COOKIE, samesite="Lax")
    elif visitor_of(request) is not None and visitor_cookie(request) is None:
        know_again(request, response, uuid4())
    return response


def _for(page: Page, live: dict[str, Any], caller: living.Caller, *, at: datetime) -> dict[str, Any]:
    """All that a visitor gets, with the moment it was said: browsers' clocks are often wrong."""
    found = living.parts_for(live, caller, at=at)
    deadlines = countdowns.for_visitor(
        live.get("countdowns", []), visitor_id=caller.visitor_id, contact=caller.contact, at=at
    )
    return {
        "now": int(at.timestamp() * 1000),
        "parts": found,
        "style": live.get("style", "") if found else "",
        "countdowns": deadlines,
        "popups": popups.for_visitor(page, caller, at=at),
    }


def _caller(request: Request, said: dict[str, Any]) -> living.Caller:
    visitor_id = visitor_of(request)
    languages = request.headers.get("Accept-Language", "").lower().split(",")[:10]
    return living.Caller(
        contact=prefilling.contact_of(visitor_id),
        visitor_id=visitor_id,
        source=_source(said.get("search")),
        device="phone" if said.get("phone") is True else "desktop",
        languages=[language.partition(";")[0].strip() for language in languages if language],
    )


def _source(search: object) -> str:
    try:
        return parse_qs(str(search or "").lstrip("?"), max_num_fields=50).get("utm_source", [""])[0][:200]
    except ValueError:
        return ""


def _said(request: Request) -> dict[str, Any]:
    try:
        said = json.loads(request.body[:LARGEST])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _answer(said: dict[str, Any]) -> HttpResponse:
    return JsonResponse(said, headers={"Cache-Control": "private, no-store"})
