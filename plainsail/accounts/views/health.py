"""Whether this web process lives, and whether it can serve."""

from __future__ import annotations

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plainsail.accounts import queries
from plainsail.kernel.http import public

_migrated: list[bool] = []
"""Filled once the database was found up to date: files and tables of a running process don't change."""


@never_cache
@require_safe
@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of anybody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
@public
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and has all migrations; else 503 with the reason."""
    try:
        queries.is_database_there()
        waiting = 0 if _migrated else queries.unapplied_migrations()
    except Error:
        return HttpResponse("The database does not answer.\n", content_type="text/plain", status=503)
    if waiting:
        return HttpResponse(f"{waiting} migrations wait.\n", content_type="text/plain", status=503)
    _migrated[:] = [True]
    return HttpResponse("ready\n", content_type="text/plain")
