"""Taking in a cancellation: the declaration is stored with its time before anything else is tried.

Whatever fails afterwards (no contract found, gateway or mail down), the declaration stands and counts from its arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.kernel.models import Workspace
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.queries import find_contract
from plainsail.subscriptions.services import cancellation, letters
from plainsail.subscriptions.services.quoting import When
from plainsail.subscriptions.services.references import reference


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What somebody declared, as entered. `payload` keeps every field word for word."""

    door: CancellationRequest.Door
    kind: CancellationRequest.Kind = CancellationRequest.Kind.ORDINARY
    payload: Mapping[str, Any]
    email: str = ""
    reason_code: str = ""
    feedback: str = ""


def from_confirm_page(
    data: Mapping[str, Any], subscription: Subscription, *, door: CancellationRequest.Door
) -> Declaration:
    """The declaration that a confirmed page makes."""
    return Declaration(
        door=door,
        payload={"contract": subscription.reference, "end": data["when"]},
        reason_code=data.get("reason", ""),
        feedback=data.get("feedback", ""),
    )


def from_public_page(data: Mapping[str, Any]) -> Declaration:
    """The declaration of somebody who didn't sign in."""
    return Declaration(
        door=CancellationRequest.Door.PUBLIC,
        kind=CancellationRequest.Kind(data["kind"]),
        payload={name: data[name] for name in ("name", "contract", "end", "cause", "email") if data.get(name)},
        email=data["email"],
    )


def from_withdrawal_page(data: Mapping[str, Any]) -> Declaration:
    """A withdrawal from a contract (Consumer Rights Directive, art. 11a)."""
    return Declaration(
        door=CancellationRequest.Door.WITHDRAWAL,
        kind=CancellationRequest.Kind.WITHDRAWAL,
        payload={name: data[name] for name in ("name", "contract", "email")},
        email=data["email"],
    )


def from_staff(data: Mapping[str, Any], *, by: str) -> Declaration:
    """A notice that reached somebody at the business."""
    return Declaration(
        door=CancellationRequest.Door.STAFF, payload={"note": data["note"], "end": data["when"], "recorded_by": by}
    )


@transaction.atomic
def declare(declaration: Declaration, *, received_at: datetime) -> CancellationRequest:
    """Store a declaration on arrival."""
    made: CancellationRequest = CancellationRequest.objects.create(
        reference=reference("C"),
        door=declaration.door,
        kind=declaration.kind,
        payload=dict(declaration.payload),
        email=declaration.email,
        reason_code=declaration.reason_code,
        feedback=declaration.feedback,
        received_at=received_at,
    )
    return made


@transaction.atomic
def declare_publicly(workspace: Workspace, declaration: Declaration, *, at: datetime) -> CancellationRequest:
    """A declaration from the public page, without a sign-in: stored, matched if it can be, answered in any case.

    The address that was entered gets back only what was entered; details go to the address on file. A public notice
    never ends anything at once, except a withdrawal, and never deletes data.
    """
    request = declare(declaration, received_at=at)
    named = str(declaration.payload.get("contract", ""))
    found = find_contract(workspace, email=declaration.email, contract=named)
    letters.confirm_arrival(request, at=at)
    if found is not None and declaration.kind != CancellationRequest.Kind.EXTRAORDINARY:
        cancellation.put_in_force(request, found, when=_when(declaration.kind), at=at)
    return request


def _when(kind: CancellationRequest.Kind) -> When:
    return "now" if kind == CancellationRequest.Kind.WITHDRAWAL else "period_end"


@transaction.atomic
def match(request: CancellationRequest, subscription: Subscription, *, at: datetime) -> UUID:
    """Staff found whose declaration it is: its effect counts from the original arrival."""
    kind = CancellationRequest.Kind(request.kind)
    return cancellation.put_in_force(request, subscription, when=_when(kind), at=request.received_at).id
