"""Addresses on the application's own host: each area brings its lists."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

handler400 = "plainsail.ui.views.errors.bad_request"
handler403 = "plainsail.ui.views.errors.forbidden"
handler404 = "plainsail.ui.views.errors.not_found"
handler500 = "plainsail.ui.views.errors.server_error"


def collect(name: str, prefix: str) -> list[URLResolver]:
    """Every area's list of this name, mounted at a prefix in a namespace called like the area."""
    mounted = []
    for area in settings.AREAS:
        if find_spec(f"plainsail.{area}.urls") is None:
            continue
        patterns: list[URLPattern | URLResolver] = getattr(import_module(f"plainsail.{area}.urls"), name, [])
        if patterns:
            mounted.append(path(prefix, include((patterns, area))))
    return mounted


WORKSPACE_PREFIX = "w/<slug:workspace>/"

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    *collect("app_urls", ""),
    *collect("workspace_urls", WORKSPACE_PREFIX),
]
