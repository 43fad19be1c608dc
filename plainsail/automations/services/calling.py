"""Calls to other programs: signed, with a time limit, never into the server's own network, tried again for two days.

Signed as Standard Webhooks has it (github.com/standard-webhooks/standard-webhooks): `webhook-id`, `webhook-timestamp` and
`webhook-signature`, `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` with the secret behind `whsec_`. The id stays the
same with each try, so that the other side can take a message once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.automations.models import Call
from plainsail.contacts.models import Contact
from plainsail.kernel import clock, due, outside
from plainsail.kernel.tenancy import outside_transaction, workspace

CALLS = "automations.calls"
TIMEOUT = 8
"""Seconds for each step: a name, a connection, an answer."""
WHOLE = 20
"""Seconds for all of a call: a program that answers letter by letter keeps within each step's time for ever."""
SILENT = timedelta(minutes=1)
"""How long the others wait that go to an address that has just let a call wait in vain."""
LEASE = timedelta(minutes=2)
"""Longer than a call can take: until then nobody else makes it."""
SLICE = timedelta(seconds=30)
PAUSES = (1, 5, 30, 120, 480, 1440)
"""Minutes until the next try; after the last one it has failed."""
TOO_LONG = "no answer in time"
AGENT = "Plainsail"
PREFIX = "whsec_"

State = Call.State


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def owe(contact: Contact, *, key: str, url: str, secret: str, event: str, at: datetime) -> bool:
    """Write a call down, to be made after the commit. False where the same one was written before."""
    body = json.dumps({"type": event, "timestamp": at.isoformat(), "data": said(contact)}, ensure_ascii=False)
    made = Call(contact=contact, key=key, url=url, secret=secret, body=body, due_at=at, created_at=at)
    Call.objects.bulk_create([made], ignore_conflicts=True)
    due.schedule(CALLS, at)
    due.hurry(CALLS)
    return bool(Call.objects.filter(id=made.id).exists())


def said(contact: Contact) -> dict[str, Any]:
    """What is told of a contact."""
    return {
        "contact_id": str(contact.id),
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "tags": sorted(contact.contact_tags.values_list("tag__name", flat=True)),
    }


@due.runs(CALLS)
@outside_transaction
def make(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Make the calls that are due, one after the other; returns when the next one is.

    An address that lets a call wait in vain is called once a minute until it answers again: so it holds up no other.
    """
    until = clock.now() + SLICE
    while clock.now() < until:
        with workspace(workspace_id):
            call = _claim(at=at)
            if call is None:
                waiting = Call.objects.filter(state=State.WAITING).order_by("due_at", "id")
                following: datetime | None = waiting.values_list("due_at", flat=True).first()
                return following
        status, answer = post(call.url, headers=headers(call, at=at), body=call.body.encode())
        with workspace(workspace_id):
            _settle(call, status, answer, at=at)
            if answer == TOO_LONG:
                others = Call.objects.filter(state=State.WAITING, url=call.url, due_at__lte=at)
                others.update(due_at=at + SILENT)
    return at


def _claim(*, at: datetime) -> Call | None:
    """The call that has waited longest, until the lease ends; counted as a try before it is made."""
    waiting = Call.objects.select_for_update(skip_locked=True, of=("self",)).filter(state=State.WAITING, due_at__lte=at)
    call: Call | None = waiting.order_by("due_at", "id").first()
    if call is not None:
        call.attempts += 1
        call.due_at = at + LEASE
        call.save(update_fields=["attempts", "due_at"])
    return call


@transaction.atomic
def retry(call: Call, *, at: datetime) -> bool:
    """Make a call again that wasn't taken, with all its tries; under the key it had, so that the other side can tell. False for others."""
    again = Call.objects.filter(id=call.id, state=State.FAILED)
    if not again.update(state=State.WAITING, due_at=at, attempts=0, settled_at=None):
        return False
    due.schedule(CALLS, at)
    due.hurry(CALLS)
    return True


def _settle(call: Call, status: int, answer: str, *, at: datetime) -> None:
    values: dict[str, Any] = {"answer": answer[:300]}
    if 200 <= status < 300:
        values |= {"state": State.DONE, "settled_at": at}
    elif call.attempts > len(PAUSES):
        values |= {"state": State.FAILED, "settled_at": at}
    else:
        values |= {"due_at": at + timedelta(minutes=PAUSES[call.attempts - 1])}
    Call.objects.filter(id=call.id, state=State.WAITING).update(**values)


def headers(call: Call, *, at: datetime) -> dict[str, str]:
    """What identifies and signs a call."""
    number = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": call.key,
        "webhook-timestamp": number,
        "webhook-signature": signature(call.secret, call.key, number, call.body),
        "Connection": "close",
    }


def signature(secret: str, key: str, number: str, body: str) -> str:
    raw = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(raw, f"{key}.{number}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    allowed: Callable[[outside.Address], bool] | None = None,
    timeout: float = TIMEOUT,
    whole: float = WHOLE,
) -> tuple[int, str]:
    """The status that a program answers with, and some words; 0 where there was none. Follows no redirect.

    `timeout` is for each step, `whole` for all of it, in seconds.

    Talks to the network: never inside a transaction.
    """
    is_over = threading.Event()
    try:
        connection = outside.connect(url, timeout=timeout, allowed=allowed or outside.is_public)
        try:
            with _at_most(whole, connection, is_over):
                connection.request("POST", outside.path_of(url), body=body, headers=dict(headers))
                answer = connection.getresponse()
            # Cut off in the middle of its headers it looks like one that ended there.
            return (0, TOO_LONG) if is_over.is_set() else (answer.status, f"{answer.status} {answer.reason}")
        finally:
            connection.close()
    except outside.NotPublic:
        return 0, "not a public address"
    except TimeoutError:
        return 0, TOO_LONG
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, TOO_LONG if is_over.is_set() else f"{type(error).__name__}: {error}"


@contextmanager
def _at_most(seconds: float, connection: http.client.HTTPConnection, is_over: threading.Event) -> Iterator[None]:
    """Cut a connection off when its time is over, whatever still trickles in."""

    def cut() -> None:
        is_over.set()
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, cut)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
