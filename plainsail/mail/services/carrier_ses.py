"""What is of its own kind at Amazon SES, which is spoken to by Amazon's library: the making of a client, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAUSED = frozenset(
    {
        *("AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException"),
        *("AccessDeniedException", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)
"""Errors after which no message fares better (SES API v2, SendEmail, and the errors common to all of Amazon's services)."""
FULL = frozenset({"LimitExceededException", "Throttling", "ThrottlingException", "TooManyRequestsException"})
"""Too much for now: a second's rate, or a day's."""
NEVER_LEFT = frozenset({"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError"})


def options(settings: Mapping[str, str], region: str, url: str, timeout: tuple[float, float]) -> dict[str, Any]:
    """What anymail's backend is made with. Nothing is tried twice by itself: an answer that never came may have been a yes."""
    client = _client(settings, timeout) | {"region_name": region, "endpoint_url": url}
    return {"client_params": client, "configuration_set_name": settings.get("configuration_set_name") or None}


def hook_options(settings: Mapping[str, str], timeout: tuple[float, float]) -> dict[str, Any]:
    """What the reader of its reports is made with: keys, since Amazon wants to be told that reports are welcome."""
    return {"client_params": _client(settings, timeout)}


def hook_errors() -> tuple[type[Exception], ...]:
    """What may go wrong when it is told so."""
    from botocore.exceptions import BotoCoreError, ClientError  # takes a third of a second, and few need it

    return (BotoCoreError, ClientError)


def sort_of(event: Mapping[str, Any]) -> str:
    """Its own class of a bounce: the finer one, where that says anything."""
    bounce = event.get("bounce") or {}
    finer = str(bounce.get("bounceSubType", ""))
    return str(bounce.get("bounceType", "")) if finer in {"", "General", "Undetermined"} else finer


def status_of(response: Mapping[str, Any]) -> int | None:
    """The HTTP status that an error amounts to, so that it is judged as other services' are."""
    code = str(response.get("Error", {}).get("Code", ""))
    if code in PAUSED:
        return 403
    if code in FULL:
        return 429
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def never_left(cause: BaseException | None) -> bool:
    """Whether a request without an answer surely did not reach it."""
    return type(cause).__module__ == "botocore.exceptions" and type(cause).__name__ in NEVER_LEFT


def _client(settings: Mapping[str, str], timeout: tuple[float, float]) -> dict[str, Any]:
    connect, read = timeout
    return {
        "aws_access_key_id": settings["access_key_id"],
        "aws_secret_access_key": settings["secret_access_key"],
        "config": {"connect_timeout": connect, "read_timeout": read, "retries": {"total_max_attempts": 1}},
    }
