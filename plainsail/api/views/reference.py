"""What anybody may read about the API: its document, a page made from that, and a “no” for every other address."""

from __future__ import annotations

import orjson
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from plainsail.api.views import document, problems
from plainsail.api.views.door import LARGEST, RATE
from plainsail.kernel.http import Request, public

EXAMPLE = 'curl {base}/api/v1/contacts -H "Authorization: Bearer $PLAINSAIL_KEY"'


@require_safe
@public
def openapi(request: Request) -> HttpResponse:
    """The OpenAPI 3.1 document."""
    return HttpResponse(orjson.dumps(document.complete()), content_type="application/json")


@require_safe
@public
def reference(request: Request) -> HttpResponse:
    """The same for people."""
    context = {
        "chapters": document.chapters(),
        "example": EXAMPLE.format(base=request.build_absolute_uri("/").rstrip("/")),
        "rate": RATE,
        "largest": LARGEST,
    }
    return render(request, "api/reference.html", context)


@csrf_exempt
@public
def nothing(request: Request, path: str = "") -> HttpResponse:
    """An address that the API doesn't have."""
    return problems.not_found(request, Http404())
