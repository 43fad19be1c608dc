"""The ways from step to step, for visitors."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import looking, routing
from plainsail.funnels.services.looking import Way
from plainsail.kernel.http import Request, client_ip, public, visitor_cookie, visitor_of

ANSWERS: dict[str, routing.Answer] = {"next": "next", "yes": "yes", "no": "no", "bought": "bought", "here": "here"}


@never_cache
@require_safe
@public
def onward(request: Request, step_id: UUID, answer: str = "next") -> HttpResponse:
    """Lead a visitor on from a step, or to it, to where the map says now. A look is kept of leading on, as of a page; nothing
    else changes."""
    if answer not in ANSWERS:
        raise Http404
    rows = request.workspace.funnel_steps.select_related("funnel", "offer")
    step: FunnelStep = get_object_or_404(rows, id=step_id)
    to, _there = routing.onward(step, ANSWERS[answer], visitor=known_by(request))
    if answer == "here":
        return redirect(with_campaign(to, request))
    if request.method == "GET" and step.funnel.is_live:
        looking.note(step, way_of(request, to=to), at=request.now)
    return redirect(to)


def with_campaign(path: str, request: Request) -> str:
    """The path with the `utm_…` that somebody came with: their first look says the source."""
    said = urlencode({name: value for name, value in request.GET.items() if name.startswith("utm_")})
    return f"{path}{'&' if '?' in path else '?'}{said}" if said else path


def known_by(request: Request) -> str:
    """What tells one visitor from another: the browser's number, else where and what it is."""
    return str(visitor_cookie(request) or f"{client_ip(request)}{request.headers.get('User-Agent', '')}")


def way_of(request: Request, *, to: str) -> Way:
    return Way(
        path=request.path,
        to=to,
        host=request.get_host(),
        visitor_id=visitor_of(request),
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
        referrer=request.headers.get("Referer", ""),
        query=request.GET.dict(),
    )
