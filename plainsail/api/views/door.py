"""The one door to every endpoint: who comes, how often, how far, with what; and that nothing is done twice.

In this order: the key (401), its rate (429), the method (405), its reach (403), what is sent (413, 415, 422), then the
endpoint in a transaction of the business. An answer of 400 or more leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from plainsail.accounts.services import api_keys, audit
from plainsail.accounts.services.api_keys import Access
from plainsail.api.services import answers
from plainsail.api.views import problems
from plainsail.api.views.mounting import Endpoint
from plainsail.kernel import rest
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Count, Throttle

LARGEST = 2 * 1024 * 1024
"""Bytes of a body; a thousand full contacts fit."""
RATE = Throttle(purpose="api", limit=600, seconds=60)
READING = ("GET", "HEAD")
KEPT_HEADERS = ("Content-Type", "ETag", "Location")

View = Callable[..., HttpResponse]


def behind_the_door(view: View, methods: Mapping[str, Endpoint], *, name: str) -> View:
    """An address of the API, to be reached only through the door."""

    @csrf_exempt
    @outside_transaction
    def guarded(request: Request, **arguments: Any) -> HttpResponse:
        try:
            access = api_keys.admit(secret_of(request), at=request.now)
        except Refusal as refusal:
            return finish(problems.of_refusal(request, refusal))
        rate = RATE.count(str(access.key.pk), at=request.now)
        answer = problems.too_many() if rate.is_over else admitted(request, access, view, methods, arguments)
        return finish(answer, rate=rate)

    guarded.__name__ = guarded.__qualname__ = name
    guarded.permission = "api_key"  # type: ignore[attr-defined]  # read by the architecture test
    return guarded


def secret_of(request: Request) -> str:
    """What stands after “Bearer” (RFC 6750 §2.1); empty where nothing does."""
    scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def admitted(
    request: Request, access: Access, view: View, methods: Mapping[str, Endpoint], arguments: dict[str, Any]
) -> HttpResponse:
    """The answer to a request whose key is good."""
    if request.method == "HEAD":
        request.method = "GET"  # the server sends no body to it
    endpoint = methods.get(request.method or "")
    if endpoint is None:
        return problems.method_not_allowed([*methods, *(["HEAD"] if "GET" in methods else [])])
    if (refused := refuse(request, access, endpoint)) is not None:
        return refused
    request.workspace, request.membership, request.user = access.workspace, access.membership, access.membership.user
    with timezone.override(ZoneInfo(access.workspace.timezone)), audit.asked_by_key(access.key):
        work = once(request, access, view, endpoint, arguments)
    return unless_known(request, work)


def refuse(request: Request, access: Access, endpoint: Endpoint) -> HttpResponse | None:
    """Why the endpoint isn't even asked, if it isn't."""
    if not access.allows(endpoint.permission):
        return problems.out_of_reach(endpoint.permission, endpoint.scope)
    if access.workspace.state != Workspace.State.OPEN and request.method not in READING:
        return problems.closed()
    return wrong_body(request, largest=endpoint.largest or LARGEST) or wrong_question(request, endpoint)


def wrong_body(request: Request, *, largest: int = LARGEST) -> HttpResponse | None:
    """Why what is sent isn't even read, if it isn't."""
    if announced(request) > largest:
        return problems.too_large(largest)
    if request.body and request.content_type != "application/json":
        return problems.not_json()
    return None


def wrong_question(request: Request, endpoint: Endpoint) -> HttpResponse | None:
    """What the endpoint has no ear for, if anything."""
    for name, values in request.GET.lists():
        if name not in endpoint.parameters:
            return problems.parameter(name[:100], code="unknown", detail=_("There is no such parameter here."))
        if len(values) > 1:
            return problems.parameter(name, code="repeated", detail=_("This parameter is given more than once."))
    return None


def announced(request: Request) -> int:
    """Bytes of the body, as the server before us counted them."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(length) if length.isdecimal() and len(length) < 16 else 2**53


def once(request: Request, access: Access, view: View, endpoint: Endpoint, arguments: dict[str, Any]) -> HttpResponse:
    """Have the endpoint answer; with an Idempotency-Key at most once."""
    name = request.headers.get("Idempotency-Key")
    if name is None or request.method in READING:
        with opened(access, endpoint):
            return undone_if_refused(view(request, **arguments), endpoint)
    if not (0 < len(name) <= 255 and name.isascii() and name.isprintable()):
        return problems.bad_key_name()
    try:
        with opened(access, endpoint):
            return kept(request, access, view, endpoint, arguments)
    except Refusal as refusal:
        return problems.of_refusal(request, refusal)


def opened(access: Access, endpoint: Endpoint) -> AbstractContextManager[object]:
    """The business's transaction; none for an endpoint that opens its own."""
    return nullcontext() if endpoint.is_outside_transaction else workspace(access.workspace)


def undone_if_refused(answer: HttpResponse, endpoint: Endpoint) -> HttpResponse:
    if answer.status_code >= 400 and not endpoint.is_outside_transaction:
        transaction.set_rollback(True)
    return answer


def kept(request: Request, access: Access, view: View, endpoint: Endpoint, arguments: dict[str, Any]) -> HttpResponse:
    """The answer that was given before, or a new one that is kept. Raises AnotherRequest, StillWorking."""
    with workspace(access.workspace):
        row, is_new = answers.claim(
            access.key, name=request.headers["Idempotency-Key"], fingerprint=fingerprint(request), at=request.now
        )
    if not is_new:
        return repeated(row.status, row.headers, bytes(row.content))
    answer = None
    try:
        answer = view(request, **arguments)
    finally:
        settle(access, row.id, answer, endpoint)
    return undone_if_refused(answer, endpoint)


def settle(access: Access, row_id: UUID, answer: HttpResponse | None, endpoint: Endpoint) -> None:
    """Keep the answer with the work. A refusal leaves nothing, and so the key is free again."""
    if answer is not None and answer.status_code < 400:
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        with workspace(access.workspace):
            answers.keep(row_id, status=answer.status_code, headers=headers, content=answer.content)
    elif endpoint.is_outside_transaction:
        with workspace(access.workspace):
            answers.let_go(row_id)


def fingerprint(request: Request) -> str:
    asked = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(asked + request.body).hexdigest()


def repeated(status: int | None, headers: Mapping[str, str], content: bytes) -> HttpResponse:
    return HttpResponse(content, status=status or 200, headers=dict(headers) | {"Idempotency-Replayed": "true"})


def unless_known(request: Request, answer: HttpResponse) -> HttpResponse:
    """Name the content by an ETag; to a program that has it, say only that (RFC 9110 §13.1.2)."""
    if answer.status_code not in {200, 201} or "ETag" in answer.headers:
        return answer
    answer.headers["ETag"] = tag = rest.etag(answer.content)
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if request.method == "GET" and tag in known:
        return HttpResponse(status=304, headers={"ETag": tag})
    return answer


def finish(answer: HttpResponse, *, rate: Count | None = None) -> HttpResponse:
    """What every answer carries: how many more may come, and that no cache keeps it."""
    if rate is not None:
        for name, value in limits(rate).items():
            answer.headers[name] = value
    add_never_cache_headers(answer)
    patch_vary_headers(answer, ["Authorization"])
    return answer


def limits(rate: Count) -> dict[str, str]:
    """The rate as headers (draft-ietf-httpapi-ratelimit-headers, 07)."""
    told = {
        "RateLimit-Limit": str(rate.limit),
        "RateLimit-Remaining": str(rate.left),
        "RateLimit-Reset": str(rate.seconds),
        "RateLimit-Policy": f"{rate.limit};w={RATE.seconds}",
    }
    return told | ({"Retry-After": str(rate.seconds)} if rate.is_over else {})
