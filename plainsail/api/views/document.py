"""The OpenAPI document, completed by what every endpoint has in common, and read out for the page of the reference."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from plainsail.api.views import mounting
from plainsail.api.views.door import LARGEST, RATE

BEARER = "key"
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Why something wasn’t done (RFC 9457). `code` is stable and for programs, `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string", "description": "To be told when asking about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Place in the body (RFC 6901)."},
                    "parameter": {"type": "string", "description": "Name in the address."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
REFUSALS = {
    "400": "Unreadable.",
    "401": "No key, or none that is in use.",
    "403": "The key, or its maker, may not do this.",
    "404": "Nothing of this business has that id.",
    "409": "As things stand it can’t be done; `code` says why.",
    "412": "It was changed since it was read (`If-Match`).",
    "413": f"The body is larger than {LARGEST} bytes.",
    "415": "The body isn’t `application/json`.",
    "422": "Not as described: each fault is listed.",
    "429": f"More than {RATE.limit} requests in {RATE.seconds} seconds; `Retry-After` says when to go on.",
}
RATE_HEADERS = {
    name: {"schema": {"type": "string" if name == "RateLimit-Policy" else "integer"}, "description": words}
    for name, words in {
        "RateLimit-Limit": "Requests of this key in a window.",
        "RateLimit-Remaining": "Left of them.",
        "RateLimit-Reset": "Seconds until the window ends.",
        "RateLimit-Policy": "The limit and its window in seconds.",
    }.items()
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Chosen by the program. The same request with the same key within 24 hours is done once and gets the same answer.",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "An ETag that was read: go on only if nothing was changed since.",
}
PARAMETERS = {
    "cursor": "Where the page starts: taken from `next`, never made up.",
    "limit": "Rows of a page.",
}
"""Words for parameters that many endpoints have."""
WITH_PRECONDITION = ("patch", "delete")


@cache
def complete() -> dict[str, Any]:
    """The whole document (OpenAPI 3.1)."""
    made: dict[str, Any] = copy.deepcopy(mounting.schema())
    made["servers"] = [{"url": "/"}]
    made["components"]["schemas"]["Problem"] = PROBLEM
    made["components"]["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "description": "A key made in Settings → API keys."}
    }
    for path, methods in made["paths"].items():
        for method, said in methods.items():
            _complete(said, method, mounting.endpoints()[path][method.upper()])
    return made


def _complete(said: dict[str, Any], method: str, endpoint: mounting.Endpoint) -> None:
    said["security"] = [{BEARER: [endpoint.scope]}]
    said["parameters"] = [_parameter(each) for each in said["parameters"]]
    said["responses"] = {
        str(status): answer | {"headers": RATE_HEADERS} for status, answer in said["responses"].items()
    }
    for status, words in REFUSALS.items():
        if status != "412" or method in WITH_PRECONDITION:
            said["responses"][status] = {
                "description": words,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
    if method != "get":
        said["parameters"] = [*said["parameters"], IDEMPOTENCY]
    if method in WITH_PRECONDITION:
        said["parameters"] = [*said["parameters"], IF_MATCH]


def _parameter(said: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter of an address: it is there or not, and never null."""
    words = {"description": PARAMETERS[said["name"]]} if said["name"] in PARAMETERS else {}
    return dict(said) | {"schema": _without_null(said["schema"])} | words


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) != 1:
        return dict(schema)
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return rest | _without_null(choices[0])


@dataclass(frozen=True)
class Entry:
    """One thing that can be asked for, as the reference shows it. Fields are (name, kind, must it be there, words)."""

    id: str
    method: str
    path: str
    title: str
    text: str
    scope: str
    parameters: list[tuple[str, str, bool, str]]
    takes: list[tuple[str, str, bool, str]]
    gives: list[tuple[str, str, bool, str]]


@cache
def chapters() -> list[tuple[str, list[Entry]]]:
    """The reference: under each heading what can be asked for, in the order in which the code has it."""
    found: dict[str, list[Entry]] = {}
    for path, methods in complete()["paths"].items():
        for method, said in methods.items():
            found.setdefault(said["tags"][0], []).append(_entry(path, method, said))
    return list(found.items())


def _entry(path: str, method: str, said: Mapping[str, Any]) -> Entry:
    success: Mapping[str, Any] = next((said["responses"][status] for status in said["responses"] if status < "300"), {})
    return Entry(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        title=said["summary"],
        text=_marked(said.get("description", "")),
        scope=said["security"][0][BEARER][0],
        parameters=[
            (each["name"], _kind(each["schema"]), each["required"], _marked(each.get("description", "")))
            for each in said["parameters"]
        ],
        takes=list(_fields(_json(said.get("requestBody", {})))),
        gives=list(_fields(_json(success))),
    )


def _marked(words: str) -> SafeString:
    """Words with their `names` set as code."""
    pieces = [format_html("<code>{}</code>" if odd % 2 else "{}", piece) for odd, piece in enumerate(words.split("`"))]
    return format_html("{}" * len(pieces), *pieces) if pieces else SafeString("")


def _json(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = part.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _fields(schema: Mapping[str, Any], *, before: str = "", depth: int = 0) -> Iterator[tuple[str, str, bool, str]]:
    """The fields of an object, those of objects inside it by their path: `customer.email`, `data[].id`."""
    resolved = _resolved(schema)
    for name, field in resolved.get("properties", {}).items():
        needed = name in resolved.get("required", [])
        yield f"{before}{name}", _kind(field), needed, _marked(str(field.get("description", "")))
        inside, mark = _inside(field)
        if depth < 2 and inside:
            yield from _fields(inside, before=f"{before}{name}{mark}.", depth=depth + 1)


def _inside(field: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The object that a field holds, or holds a list of."""
    resolved = _resolved(field)
    if "items" in resolved:
        return _resolved(resolved["items"]), "[]"
    return (resolved, "") if "properties" in resolved else ({}, "")


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice)
    if "$ref" in schema:
        return _resolved(complete()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    """What a field holds, in a word or two: `string (date-time) or null`."""
    if choices := schema.get("anyOf"):
        return " or ".join(_kind(choice) for choice in choices)
    resolved = _resolved(schema)
    if "enum" in resolved:
        return " | ".join(str(value) for value in resolved["enum"])
    if "const" in resolved:
        return str(resolved["const"])
    if resolved.get("type") == "array":
        return f"list of {_kind(resolved.get('items', {}))}"
    kind = str(resolved.get("type", "anything"))
    return f"{kind} ({resolved['format']})" if "format" in resolved else kind
