"""Paths of our own pages by name. Services may know an address, without knowing of requests."""

from __future__ import annotations

from django.urls import reverse

from plainsail.kernel.models import Workspace

PUBLIC_URLCONF = "plainsail.public_urls"


def workspace_url(workspace: Workspace, name: str, *args: object) -> str:
    """Path of a staff page: `workspace_url(ws, "contacts:contact", contact.id)`."""
    return reverse(name, urlconf="plainsail.urls", args=[workspace.slug, *args])


def public_path(name: str, *args: object) -> str:
    """Path of a page on a site's host: `public_path("commerce:checkout", offer.slug)`."""
    return reverse(name, urlconf=PUBLIC_URLCONF, args=list(args))


API_PATH = "/api/v1/"
"""Where programs come in; below it every answer, also one that says no, is for a program to read."""
