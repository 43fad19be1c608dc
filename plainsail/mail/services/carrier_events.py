"""What mail services report of messages: checked, read, and passed on as bounces and complaints from anywhere are.

A report is believed if its address is one of ours (signed), its signature or password is right, and the mark in it is one
that this business's message was sent with. It may come twice, late, or before the answer to the request it is about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import SuspiciousOperation
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact, Suppression
from plainsail.contacts.services import suppression
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.lazily import Lazily
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Carrier, Delivery
from plainsail.mail.services import carrier_kinds, carriers, ledger, return_paths, returns, verdicts
from plainsail.mail.services.return_paths import Row

if TYPE_CHECKING:
    from anymail import exceptions
else:
    exceptions = Lazily("anymail.exceptions")

log = logging.getLogger("plainsail.mail")

TOLD = {"bounced", "rejected", "failed", "complained", "deferred", "autoresponded"}
"""Events that are kept. Opens and clicks are counted here already, and a row for each delivery would double the ledger."""
FRESH = 300
"""Seconds that a signed moment may be away from now (docs.svix.com, “Verifying webhooks manually”)."""
GARBAGE = (SuspiciousOperation, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
PATIENCE = (5.0, 10.0)
"""Seconds to connect and to answer, where a service wants to be told that its reports are welcome."""
LARGEST = 5_000_000
"""Bytes of a report; services bundle some thousand events."""


class Posted(Protocol):
    """A request as anymail reads it: Django's."""

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class BadReport(Refusal):
    """Not from the service, or not to be read."""

    code = "bad_report"
    message = _("This report is not signed as it should be, or can’t be read.")
    status = 400


class PasswordWanted(BadReport):
    """Nothing shows that it is the service's own. Amazon sends the password only to who asks for it."""

    code = "password_wanted"
    status = 401


@outside_transaction
def receive(carrier: Carrier, request: Posted, *, at: datetime) -> int:
    """Take in what a service reports; returns how many events were about messages of ours. Raises BadReport, PasswordWanted.

    Each event commits by itself. Whatever fails in between, the service reports all of it again, and what was taken in
    changes nothing then.
    """
    events = _read(carrier, request, at=at)
    many = sum([_take(carrier, event, at=at) for event in events])
    with workspace(carrier.workspace_id):
        Carrier.objects.filter(id=carrier.id).update(heard_at=at)
    return many


def _read(carrier: Carrier, request: Posted, *, at: datetime) -> list[Any]:
    """Its events as anymail has them, once they are known to be the service's own."""
    known = carrier_kinds.KINDS[carrier.kind]
    settings = carriers.settings_of(carrier)
    options: dict[str, Any] = {"webhook_secret": f"{carriers.USER}:{carriers.hook_password(carrier)}"}
    if not known.hook_key and not request.headers.get("Authorization"):
        raise PasswordWanted
    if known.hook_key:
        options = {known.hook_key: settings[known.hook_key]}
    options |= known.hook_options(settings, PATIENCE)
    if carrier.kind == "resend":
        # anymail checks Svix's signature by Svix's own library, which brings a client of its whole service along.
        _check_svix(options.pop(known.hook_key), request, at=at)
    try:
        with warnings.catch_warnings():
            # Of SendGrid, that anymail tests it no more; of Resend, that it has no password: it is checked above.
            warnings.simplefilter("ignore")
            reader = carrier_kinds.hook_of(carrier.kind)(**options)
        reader.run_validators(request)
        found: list[Any] = reader.parse_events(request)
    except (*GARBAGE, exceptions.AnymailError, *known.hook_errors()) as error:
        log.warning("report of a mail service refused", extra={"kind": carrier.kind, "error": str(error)[:500]})
        raise BadReport from error
    return found


def _check_svix(secret: str, request: Posted, *, at: datetime) -> None:
    """Raises BadReport. One of several signatures, `v1,<base64>`, of `id.moment.body` must be right."""
    name, moment = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    if not moment.isdigit() or abs(int(moment) - at.timestamp()) > FRESH:
        raise BadReport
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except binascii.Error:
        raise BadReport from None
    made = hmac.new(key, f"{name}.{moment}.".encode() + request.body, hashlib.sha256).digest()
    right = "v1," + base64.b64encode(made).decode()
    given = request.headers.get("svix-signature", "").split(" ")
    if not any(hmac.compare_digest(right.encode(), each.encode()) for each in given):
        raise BadReport


def _take(carrier: Carrier, event: Any, *, at: datetime) -> bool:
    row = _row_of(carrier, event)
    if row is None:
        return False
    if event.event_type in {"delivered", "bounced", "complained"}:
        _learn(row, event.event_type, at=at)
    told, sort = _fields(event), _sort_of(carrier, event)
    if event.event_type == "unsubscribed" or sort == "unsubscribed":  # Brevo's own word is not the one anymail knows
        _unsubscribe(row, at=at)
    if event.event_type not in TOLD:
        return True
    verdict = verdicts.of_event(
        event.event_type,
        kind=sort,
        # Mailjet says most in a comment.
        reply=_text(event.mta_response or event.description or told.get("comment") or told.get("error")),
        recipient=_text(event.recipient),
    )
    returns.take_event(row, verdict, event_id=_name_of(carrier, event), received_at=at)
    return True


def _row_of(carrier: Carrier, event: Any) -> Row | None:
    """The message that it is about: by the mark kept with it, else by the mark in its headers, where those are told."""
    given = event.metadata.get(carrier_kinds.ROW) if isinstance(event.metadata, Mapping) else None
    try:
        row: Row | None = return_paths.read(_text(given).lower())
    except BadToken:
        row, _is_forged = return_paths.first([json.dumps(_fields(event), default=str)])
    # A business's own service can say nothing of others' mail, whatever mark it found.
    return row if row is not None and row.workspace_id == carrier.workspace_id else None


def _fields(event: Any) -> dict[str, Any]:
    return event.esp_event if isinstance(event.esp_event, dict) else {}


def _sort_of(carrier: Carrier, event: Any) -> str:
    """The service's own class of a bounce; nothing where its fields aren't what they should be."""
    try:
        return carrier_kinds.KINDS[carrier.kind].sort_of(_fields(event))
    except GARBAGE:
        return ""


def _text(value: object) -> str:
    """What a field says, as text that can be kept: one odd event must not keep those behind it from being taken in."""
    said = value if isinstance(value, str) else json.dumps(value, default=str) if value else ""
    return said.encode("utf-8", "replace").decode()


def _name_of(carrier: Carrier, event: Any) -> str:
    """The same for the same event, however often it is reported."""
    own = event.event_id or f"{event.message_id}:{event.timestamp}:{event.recipient}"
    return f"{carrier.id.hex}:{event.event_type}:{_text(str(own))}"


def _learn(row: Row, event_type: str, *, at: datetime) -> None:
    """Whatever became of it, the service had it: a message that was called uncertain is so no more."""
    with workspace(row.workspace_id):
        ledger.learn(row.delivery_id, state=Delivery.State.ACCEPTED, cause=event_type, at=at)


def _unsubscribe(row: Row, *, at: datetime) -> None:
    """Somebody used the service's own way out, which names no list: nothing is sent to them any more."""
    with workspace(row.workspace_id):
        delivery = Delivery.objects.filter(id=row.delivery_id).first()
        contact_id = delivery.contact_id if delivery is not None else None
        contact = Contact.objects.filter(id=contact_id).first() if contact_id else None
        if contact is not None and contact.email:
            suppression.add_address(contact.email, reason=Suppression.Reason.UNSUBSCRIBED, at=at)
