"""One JSON object a line, with the request's id; and the middleware that gives each request its id and clock.

E-mail addresses and links that open something are not written: logs are kept longer and read by more people than rows.
"""

from __future__ import annotations

import json
import logging
import logging.config
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.redaction import redacted, shown_path, without_addresses

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
access = logging.getLogger("plainsail.access")


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message", …extra}`; an exception's trace is one string."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_addresses(record.getMessage()),
        }
        if current := request_id.get():
            line["request_id"] = current
        line |= {key: redacted(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["trace"] = without_addresses(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(options: dict[str, Any]) -> None:
    """Send every logger's lines to standard error as JSON."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            "loggers": {
                "django.request": {"level": "ERROR"},
                "django.security": {"level": "ERROR"},
                "procrastinate": {"level": "WARNING"},
                "allauth": {"level": "WARNING"},
            },
        }
    )


class RequestLogMiddleware:
    """Gives the request its id (the edge's, where it came through one) and its clock, and logs one line when answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        current = (
            given if given.isascii() and 8 <= len(given) <= 64 and given.replace("-", "").isalnum() else new_id().hex
        )
        token = request_id.set(current)
        started = time.perf_counter()
        request.request_id = current  # type: ignore[attr-defined]  # declared in kernel.http.Request
        request.now = clock.now()  # type: ignore[attr-defined]  # declared in kernel.http.Request
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = current
            access.info(
                "answered",
                extra={
                    "method": request.method,
                    "path": shown_path(request.path),
                    "host": request.META.get("HTTP_HOST", "")[:255],
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            return response
        finally:
            request_id.reset(token)
