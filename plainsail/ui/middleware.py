"""Words for answers that Django gives without any."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from plainsail.ui.views.errors import answer


class WordsMiddleware:
    """A page for “wrong method”, which is what somebody sees who reloads or types the address of a button."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content or request.method == "HEAD":
            return response
        worded = answer(request, status=405, message=_("This address works differently."), code="wrong_method")
        worded.headers["Allow"] = response.headers.get("Allow", "")
        return worded
