"""Addresses of the API, all below `/api/v1/`; what stands there is what areas bring in their `api.py`."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, path

from plainsail.api.views import mounting, reference
from plainsail.api.views.door import behind_the_door
from plainsail.kernel.addresses import API_PATH

PREFIX = API_PATH.lstrip("/")


def endpoints() -> Iterator[URLPattern]:
    """Each address once, behind the door, with the methods that it takes."""
    seen = set()
    for bare in mounting.patterns():
        route = str(bare.pattern)
        if route in seen:
            continue
        seen.add(route)
        methods = mounting.endpoints()["/" + PREFIX + mounting.as_written(route)]
        yield path(PREFIX + route, behind_the_door(bare.callback, methods, name=str(bare.name)), name=bare.name)


app_urls = [
    path(f"{PREFIX}openapi.json", reference.openapi, name="openapi"),
    path(f"{PREFIX}docs", reference.reference, name="reference"),
    *endpoints(),
    path("api/", reference.nothing, name="nothing"),
    path("api/<path:path>", reference.nothing, name="nothing_below"),
]
