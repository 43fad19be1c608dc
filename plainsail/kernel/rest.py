"""What every area's `api.py` is made of: checked input, typed output, pages that stay stable, and preconditions.

An area brings `router = rest.router(...)`; `plainsail.api` mounts it behind the one door that knows keys, limits and
transactions. An endpoint is a function as short as a view: find, check, call one service, answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Router, Status
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from plainsail.kernel.addresses import API_PATH
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import is_outside_transaction, outside_transaction

__all__ = [
    "API_PATH",
    "Amount",
    "AwareDatetime",
    "Cursor",
    "Field",
    "Input",
    "Limit",
    "Output",
    "Page",
    "PreconditionFailed",
    "Status",
    "allows",
    "as_json",
    "etag",
    "is_outside_transaction",
    "outside_transaction",
    "page",
    "require_match",
    "router",
    "takes",
]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
M = TypeVar("M", bound=Model)

MOST, USUAL = 200, 50
"""Rows of a page at most, and where nothing is asked."""


class BadCursor(Refusal):
    """The cursor isn't one that we gave out for this list."""

    code = "bad_cursor"
    message = _("This cursor doesn’t belong to this list. Start without one, and follow `next`.")
    status = 422


class PreconditionFailed(Refusal):
    """It was changed since the program read it."""

    code = "precondition_failed"
    message = _("It was changed in the meantime. Read it again, and send what you want with the new ETag.")
    status = 412


class Input(BaseModel):
    """What a program sends. A field that isn't known is refused, never ignored; text that no database keeps, too.

    Blanks around a text are taken off, as the pages' forms do it.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _no_null_characters(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and any(_holds_null(one) for one in [*value.keys(), *value.values()]):
            raise ValueError("holds the character U+0000, which can't be stored")
        return value


def _holds_null(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(_holds_null(one) for one in value)
    return isinstance(value, dict) and any(_holds_null(one) for one in [*value.keys(), *value.values()])


class Output(BaseModel):
    """What a program gets. Moments are RFC 3339 in UTC, amounts `Amount`, ids UUIDs."""


class Amount(Output):
    """An amount of money in minor units: 2900 and EUR are €29.00, 2900 and JPY are ¥2,900."""

    minor: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Amount:
        return cls(minor=money.minor, currency=money.currency)


class Page(Output, Generic[T]):
    """Some rows of a list, and where the next ones are."""

    data: list[T]
    next: str | None = Field(description="Address of the next page; null on the last one.")


def _not_empty(value: Any) -> Any:
    if value == "":
        raise ValueError("is empty")
    return value


Cursor = Annotated[
    str | None,
    BeforeValidator(_not_empty),
    Field(max_length=400),
]
Limit = Annotated[int, Field(ge=1, le=MOST)]


def router(tag: str) -> Router:
    """Where an area's endpoints stand, under one heading of the reference."""
    return Router(tags=[tag])


def allows(permission: str) -> Callable[[F], F]:
    """Let in keys whose scopes and whose maker's role hold this permission, such as `contacts.view`. Each endpoint needs one."""

    def mark(endpoint: F) -> F:
        endpoint.permission = permission  # type: ignore[attr-defined]  # read at the door
        return endpoint

    return mark


def takes(largest: int) -> Callable[[F], F]:
    """Let in larger bodies than usual, up to so many bytes: for endpoints that take files along."""

    def mark(endpoint: F) -> F:
        endpoint.largest = largest  # type: ignore[attr-defined]  # read at the door
        return endpoint

    return mark


def page(
    request: Request,
    rows: QuerySet[M],
    shown: Callable[[M], T],
    *,
    into: type[Page[T]],
    by: str,
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """A page of rows in the order of (`by`, id), `-by` for newest first. `by` is a moment that is always there, or `id`.

    Rows that come meanwhile shift nothing: a page begins after the last row that was seen. Raises BadCursor.
    """
    if cursor:
        rows = rows.filter(_beyond(cursor, by=by))
    found = list(rows.order_by(by, "-id" if by.startswith("-") else "id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else _address(request, cursor=_cursor(by, getattr(last, by.lstrip("-")), last.pk))
    return into(data=[shown(row) for row in found[:limit]], next=following)


def _cursor(by: str, value: object, key: UUID) -> str:
    moment = value.isoformat() if isinstance(value, datetime) else ""
    said = orjson.dumps([by, moment, str(key)])
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def _beyond(cursor: str, *, by: str) -> Q:
    """Only what comes after the row that a cursor names. Raises BadCursor."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        of, moment, key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        last, at = UUID(key), datetime.fromisoformat(moment) if moment else None
    except (ValueError, TypeError, AttributeError):
        raise BadCursor(field="cursor") from None
    name, edge = by.lstrip("-"), "lt" if by.startswith("-") else "gt"
    after = Q(**{f"id__{edge}": last})
    if of != by or (at is None) != (name == "id") or (at is not None and at.tzinfo is None):
        raise BadCursor(field="cursor")
    if at is None:
        return after
    # The first condition is what an index can begin at; the second leaves out what was seen.
    return Q(**{f"{name}__{edge}e": at}) & (Q(**{f"{name}__{edge}": at}) | after)


def _address(request: Request, *, cursor: str) -> str:
    asked = {name: value for name, value in request.GET.items() if name != "cursor"} | {"cursor": cursor}
    return request.build_absolute_uri(f"{request.path}?{urlencode(asked)}")


def as_json(value: object) -> bytes:
    """The bytes of an answer: models by their fields, moments in UTC."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        # Whatever zone it came in with: the same moment is the same text, and so the same ETag.
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump()
    return str(value)


def etag(content: bytes) -> str:
    """What names exactly this content (RFC 9110 §8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def require_match(request: Request, shown: Output) -> None:
    """Go on only with what the program has read, where it says so by `If-Match`; the row is to be locked. Raises PreconditionFailed."""
    wanted = request.headers.get("If-Match", "")
    if wanted and wanted.strip() != "*" and etag(as_json(shown)) not in [one.strip() for one in wanted.split(",")]:
        raise PreconditionFailed
