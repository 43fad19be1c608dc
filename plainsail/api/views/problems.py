"""Every “no” of the API as a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import problem

MOST = 50
"""Faults that are told of one request."""
WORDS = {
    "extra_forbidden": gettext_lazy("There is no such field here."),
    "missing": gettext_lazy("This is needed."),
}
"""The commonest faults, in the reader’s language; the others are told in the checker’s English."""


def teach(api: NinjaAPI) -> None:
    """Have an API word its refusals this way."""
    api.add_exception_handler(Refusal, of_refusal)
    api.add_exception_handler(ValidationError, of_input)
    api.add_exception_handler(Http404, not_found)
    api.add_exception_handler(HttpError, unreadable)
    api.add_exception_handler(Exception, not_ours)


def of_refusal(request: HttpRequest, refusal: Refusal | type[Refusal]) -> HttpResponse:
    """An expected “no”."""
    said = refusal if isinstance(refusal, Refusal) else refusal()
    answer = problem(
        status=said.status,
        title=_("Refused"),
        detail=str(said),
        code=said.code,
        errors=_of_field(said.field, str(said)),
    )
    if said.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Plainsail"'
    return answer


def _of_field(field: str | None, words: str) -> list[dict[str, str]]:
    return [{"pointer": f"/{field}", "detail": words}] if field else []


def of_input(_request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    """What was sent isn't what the endpoint takes: each fault with its place."""
    found: Sequence[Mapping[str, Any]] = getattr(error, "errors", [])
    return problem(
        status=422,
        title=_("Not as described"),
        detail=_("The request has faults; each is listed with its place."),
        code="invalid",
        errors=[fault(each) for each in found[:MOST]],
    )


def fault(found: Mapping[str, Any]) -> dict[str, str]:
    """One fault as {"pointer" or "parameter", "code", "detail"}: a JSON Pointer into the body (RFC 6901), or a name."""
    source, *place = [str(part) for part in found.get("loc", ())] or ["body"]
    code = str(found.get("type", ""))
    told = {"code": code, "detail": str(WORDS.get(code, found.get("msg", "")))}
    if source == "body":
        # The first part is only what the endpoint calls its body.
        return {"pointer": pointer(place[1:])} | told
    return {"parameter": place[-1] if place else source} | told


def pointer(place: Sequence[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place)


def parameter(name: str, *, code: str, detail: str) -> HttpResponse:
    """A parameter of the address that isn't as it should be."""
    errors = [{"parameter": name, "code": code, "detail": detail}]
    return problem(status=422, title=_("Not as described"), detail=detail, code="invalid", errors=errors)


def not_found(_request: HttpRequest, _error: Http404 | type[Http404]) -> HttpResponse:
    """Nothing of this business has that id."""
    return problem(
        status=404, title=_("Not found"), detail=_("There is nothing here, or it isn’t yours."), code="not_found"
    )


def unreadable(_request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    """The body is no JSON."""
    status: int = getattr(error, "status_code", 400)
    return problem(status=status, title=_("Unreadable"), detail=_("The body can’t be read as JSON."), code="unreadable")


def not_ours(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """A fault of this program: whoever looks after it learns of it, as of any other."""
    raise error


def method_not_allowed(allowed: Sequence[str]) -> HttpResponse:
    answer = problem(
        status=405,
        title=_("Method not allowed"),
        detail=_("This address doesn’t take that method."),
        code="method_not_allowed",
    )
    answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def out_of_reach(permission: str, scope: str) -> HttpResponse:
    """The key may not do this, or its maker may not."""
    detail = _("This key may not do that: it takes the scope “%(scope)s”, and a maker whose role reaches “%(verb)s”.")
    return problem(
        status=403,
        title=_("Out of reach"),
        detail=detail % {"scope": scope, "verb": permission},
        code="out_of_reach",
    )


def closed() -> HttpResponse:
    return problem(
        status=409, title=_("Closed"), detail=_("This business is closed, so nothing can be changed."), code="closed"
    )


def too_large(limit: int) -> HttpResponse:
    detail = _("The body is larger than %(limit)d bytes. Send it in parts.") % {"limit": limit}
    return problem(status=413, title=_("Too large"), detail=detail, code="too_large")


def not_json() -> HttpResponse:
    detail = _("The body has to be JSON, and say so: “Content-Type: application/json”.")
    return problem(status=415, title=_("Not JSON"), detail=detail, code="not_json")


def bad_key_name() -> HttpResponse:
    detail = _("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return problem(status=400, title=_("Unreadable"), detail=detail, code="bad_idempotency_key")


def too_many() -> HttpResponse:
    detail = _("This key asks more often than it may. Wait as long as Retry-After says.")
    return problem(status=429, title=_("Too many requests"), detail=detail, code="too_many_requests")
