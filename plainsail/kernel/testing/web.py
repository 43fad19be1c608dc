"""Test clients whose requests start where a server's do: in no workspace, whatever the test itself stands in."""

from __future__ import annotations

import json
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


class Program(Browser):
    """Another program, at the API: `program.ask("post", "contacts", {...})`."""

    def __init__(self, secret: str, key: Any = None) -> None:
        super().__init__(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
        self.secret, self.key = secret, key

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        """The answer to a request below `/api/v1/`, or at an address that the API gave out."""
        address = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: HttpResponse = self.generic(
            method.upper(), address.removeprefix("http://localhost"), headers=named, **content
        )
        return answer
