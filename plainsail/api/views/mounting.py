"""Every area's endpoints under one address: each is checked by its own types, and reached through the one door."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern
from ninja import NinjaAPI, Router
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

import plainsail
from plainsail.api.views import problems
from plainsail.kernel import rest

TITLE = "Plainsail"
ABOUT = "One business’s contacts, contracts and sales, for its own programs. Keys are made in Settings → API keys."


class _Json(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        return rest.as_json(data)


class _Strict(Parser):
    """UTF-8 and JSON to the letter: no NaN, no half characters, no depths that break the reader."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(request.body)
        return found


class _Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's name: what generated clients call their methods."""
        return operation.view_func.__name__


@dataclass(frozen=True)
class Endpoint:
    """What the door has to know of one method at one address."""

    permission: str
    """Such as `contacts.change`."""
    parameters: frozenset[str]
    """Names that may stand in the address after the question mark."""
    is_outside_transaction: bool
    largest: int = 0
    """Bytes of a body where more than usual may come; 0 for the usual."""

    @property
    def scope(self) -> str:
        """The scope that holds the permission, such as `contacts:write`."""
        area, _dot, verb = self.permission.rpartition(".")
        return f"{area}:{'read' if verb == 'view' else 'write'}"


@cache
def api() -> NinjaAPI:
    """All endpoints there are."""
    made = _Api(
        title=TITLE,
        version=plainsail.__version__,
        description=ABOUT,
        docs_url=None,
        openapi_url=None,
        renderer=_Json(),
        parser=_Strict(),
        urls_namespace="api-1",
    )
    problems.teach(made)
    for router in routers():
        made.add_router("", router)
    return made


def routers() -> list[Router]:
    """The routers that areas bring, from the ground up."""
    names = [f"plainsail.{area}.api" for area in settings.AREAS]
    return [import_module(name).router for name in names if find_spec(name) is not None]


def patterns() -> list[URLPattern]:
    """ninja’s addresses, still without the door; its root is none of ours."""
    return [each for each in api().urls[0] if isinstance(each, URLPattern) and str(each.pattern)]


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document as ninja writes it; `document.complete` says the rest."""
    return dict(api().get_openapi_schema(path_prefix=rest.API_PATH.lstrip("/")))


@cache
def endpoints() -> Mapping[str, Mapping[str, Endpoint]]:
    """For each address as the document writes it, such as `/api/v1/contacts/{contact_id}`, its methods."""
    return {
        path: {method.upper(): _endpoint(functions()[said["operationId"]], said) for method, said in methods.items()}
        for path, methods in schema()["paths"].items()
    }


def as_written(route: str) -> str:
    """Django's route as the document writes it: `contacts/<uuid:contact_id>` is `contacts/{contact_id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Each endpoint's function by the id of its operation."""
    return {
        api().get_openapi_operation_id(operation): operation.view_func
        for router in routers()
        for path in router.path_operations.values()
        for operation in path.operations
    }


def _endpoint(function: Callable[..., Any], said: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        permission=function.permission,  # type: ignore[attr-defined]  # `rest.allows` put it there; one without doesn't start
        parameters=frozenset(each["name"] for each in said["parameters"] if each["in"] == "query"),
        is_outside_transaction=rest.is_outside_transaction(function),
        largest=getattr(function, "largest", 0),
    )
