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


WORKSPACE_PREFIX = "w/<slug:workspace>/"


def patterns_of(area: str, name: str) -> list[URLPattern | URLResolver]:
    """One of the lists of an area's `urls.py`; empty where it has none."""
    if find_spec(f"plainsail.{area}.urls") is None:
        return []
    found: list[URLPattern | URLResolver] = getattr(import_module(f"plainsail.{area}.urls"), name, [])
    return found


def mount(area: str) -> list[URLResolver]:
    """An area's pages of the installation and of a workspace, in one namespace called like the area."""
    patterns = [*patterns_of(area, "app_urls")]
    if inside := patterns_of(area, "workspace_urls"):
        patterns.append(path(WORKSPACE_PREFIX, include(inside)))
    return [path("", include((patterns, area)))] if patterns else []


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    *(resolver for area in settings.AREAS for resolver in mount(area)),
]
