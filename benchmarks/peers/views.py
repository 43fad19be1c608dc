"""The usual way: a Django view that returns the page, one that computes, one that writes a row for each event."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from plainsail.edge.links import PIXEL
from plainsail.kernel import tokens
from plainsail.kernel.http import public
from plainsail.tracking.models import Landing

HTML = Path(os.environ["BENCH_PAGE"]).read_bytes() if "BENCH_PAGE" in os.environ else b""


@public
def page(request: HttpRequest) -> HttpResponse:
    """The same HTML that the edge serves."""
    return HttpResponse(HTML)


@public
def busy(request: HttpRequest) -> HttpResponse:
    """A request that computes for about 20 ms, as rendering a long list does."""
    until, number = time.thread_time() + 0.02, 0
    while time.thread_time() < until:
        number += 1
    return HttpResponse(str(number))


@public
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The edge's open pixel, written with the ORM: one row, one commit."""
    mail = tokens.read_open(token)
    Landing.objects.create(
        workspace_id=mail.workspace_id,
        kind="open",
        at=timezone.now(),
        contact_id=mail.contact_id,
        delivery_id=mail.delivery_id,
        host=request.get_host(),
        ip="127.0.0.0",
        user_agent=request.headers.get("User-Agent", "")[:400],
        payload={"method": request.method},
    )
    return HttpResponse(PIXEL, content_type="image/gif")
