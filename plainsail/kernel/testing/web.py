"""A test client whose requests start where a server's do: in no workspace, whatever the test itself stands in."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

from plainsail.kernel import tenancy


class Browser(Client):
    """Django's test client, stepping out of the test's workspace for each request."""

    def request(self, **request: Any) -> HttpResponse:  # type: ignore[override]  # the stubs name a private class
        outer = tenancy._current.get()
        token = tenancy._current.set(None)
        try:
            return super().request(**request)
        finally:
            tenancy._current.reset(token)
            if outer is not None:
                tenancy._tell_database(str(outer))
