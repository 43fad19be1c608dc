"""Pages for what went wrong. A fragment's request gets a toast instead, so that no page ends up inside a page."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from plainsail.kernel.http import problem, public, wants_json


@public
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, status=400, message=_("That request could not be read."), code="bad_request")


@public
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, status=403, message=_("Your role does not reach this."), code="forbidden")


@public
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, status=404, message=_("There is nothing here."), code="not_found")


@public
def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request's context: whatever failed may have been part of it. Called while the error is handled."""
    if is_database_away(sys.exception()):
        return database_away(request)
    if wants_json(request):
        message = _("Something went wrong on our side.")
        return problem(status=500, title=_("Server error"), detail=message, code="server_error")
    return HttpResponse(render_to_string("500.html"), status=500)


def is_database_away(error: BaseException | None) -> bool:
    """Whether there was nobody to ask: the database is down, starts, ends, or has no connection left.

    Told by the SQLSTATE (PostgreSQL's appendix A); a connection that is not made or breaks off has none.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(("08", "53300", "57P0"))


def database_away(request: HttpRequest) -> HttpResponse:
    """What passes by itself: whoever asked may ask again in some seconds."""
    response: HttpResponse
    if wants_json(request):
        message = _("The database doesn’t answer just now. Try again in some seconds.")
        response = problem(status=503, title=_("Back in a moment"), detail=message, code="database_away")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: too old, without cookies, or not ours. No form sends anything but POST."""
    if request.method in {"PUT", "PATCH", "DELETE"}:
        response = answer(request, status=405, message=_("This address works differently."), code="wrong_method")
        response["Allow"] = "GET, HEAD, OPTIONS, POST"
        return response
    message = _("This form is too old. Reload the page and send it again.")
    if wants_json(request) or is_fragment(request):
        return answer(request, status=403, message=message, code="csrf")
    return render(request, "ui/csrf.html", {"back": own_referer(request) or request.path}, status=403)


def answer(request: HttpRequest, *, status: int, message: str, code: str) -> HttpResponse:
    """A problem document for programs, a toast for fragments, a page for people."""
    if wants_json(request):
        return problem(status=status, title=message, detail=message, code=code)
    if is_fragment(request):
        return toast(request, status=status, message=message)
    return render(request, f"{status}.html", status=status)


def toast(request: HttpRequest, *, status: int, message: str) -> HttpResponse:
    """Put a message among the page's toasts, wherever the request wanted its answer."""
    response = render(request, "ui/problem_toast.html", {"message": message}, status=status)
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "beforeend"
    response["HX-Reselect"] = "ui-toast"
    return response


def is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def own_referer(request: HttpRequest) -> str:
    """Path of the page the person came from, when it is one of this host's."""
    referer = urlsplit(request.headers.get("Referer", ""))
    is_own = referer.netloc == request.META.get("HTTP_HOST", "") and referer.scheme in {"http", "https"}
    path = referer.path + (f"?{referer.query}" if referer.query else "")
    return path if is_own and path.startswith("/") and not path.startswith("//") else ""
