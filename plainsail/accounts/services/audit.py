"""The audit log: who did what to what, when and from where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from plainsail.accounts.models import ApiKey, AuditEntry, User

_address: ContextVar[str | None] = ContextVar("audit_address", default=None)
_key: ContextVar[ApiKey | None] = ContextVar("audit_key", default=None)


@contextmanager
def asked_from(address: str | None) -> Iterator[None]:
    """Entries written inside carry this network address; the middleware opens it around every request."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


@contextmanager
def asked_by_key(key: ApiKey) -> Iterator[None]:
    """Entries written inside say which API key it was, beside the person whose key it is."""
    token = _key.set(key)
    try:
        yield
    finally:
        _key.reset(token)


def record(
    action: str,
    *,
    by: User | None,
    at: datetime,
    subject: str = "",
    subject_id: UUID | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write down, in the open workspace, that somebody did something; `by=None` is the program itself.

    `action` is a key of `sockets.AUDIT_ACTIONS`; `subject` names what it was done to in words that outlive it. No
    secrets, and no more of a customer than a name: the log is kept when the customer is erased.
    """
    key = _key.get()
    entry: AuditEntry = AuditEntry.objects.create(
        at=at,
        action=action,
        person=by,
        person_name=str(by)[:254] if by else "",
        subject=subject[:254],
        subject_id=subject_id,
        details=(details or {}) | ({"api_key": f"{key.name} ({key.beginning}…)"} if key else {}),
        ip=_address.get() if by else None,
    )
    return entry
