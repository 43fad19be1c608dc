"""Taking in a cancellation: the declaration is stored with its time before anything else is tried.

Whatever fails afterwards (no contract found, gateway or mail down), the declaration stands and counts from its arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import clocks, sellers
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.periods import local_date
from plainsail.subscriptions.models import Cancellation, CancellationRequest, Subscription
from plainsail.subscriptions.queries import UNMATCHED, find_contract, in_force
from plainsail.subscriptions.services import cancellation, letters, policies, team_letters, wishes
from plainsail.subscriptions.services.quoting import When
from plainsail.subscriptions.services.references import reference


class TooManyDeclarations(Refusal):
    """More came from one network address than people ever send."""

    code = "too_many_declarations"
    message = _("That were many declarations in a short time. Please try again in an hour, or write to us.")
    status = 429


CONFIRMATIONS_AN_HOUR = 5
"""To one address; what comes beyond is stored and told on the page all the same."""


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
        payload={"contract": subscription.reference, "end": data["when"], **_until(data)},
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
    """A notice that reached somebody at the business; `when` may say that it is a `withdrawal` too."""
    is_withdrawal = data["when"] == "withdrawal"
    return Declaration(
        door=CancellationRequest.Door.STAFF,
        kind=CancellationRequest.Kind.WITHDRAWAL if is_withdrawal else CancellationRequest.Kind.ORDINARY,
        payload={"note": data["note"], "end": data["when"], "recorded_by": by, **_until(data)},
    )


def from_automation(subscription: Subscription, *, when: When, run_key: str) -> Declaration:
    """The business ends a contract itself, by a step of an automation."""
    return Declaration(
        door=CancellationRequest.Door.AUTOMATION,
        payload={"contract": subscription.reference, "end": when, "step": run_key},
    )


def _until(data: Mapping[str, Any]) -> dict[str, str]:
    """The last day that was chosen, where a later one than the earliest was."""
    return {"end_on": data["end_on"].isoformat()} if data["when"] == "later" else {}


def when_of(data: Mapping[str, Any]) -> When:
    """How a form's choice ends a contract: a later day is in the declaration itself, and a withdrawal ends it now."""
    return "now" if data["when"] in {"now", "withdrawal"} else "period_end"


@transaction.atomic
def declare(declaration: Declaration, *, received_at: datetime) -> CancellationRequest:
    """Store a declaration on arrival."""
    made: CancellationRequest = CancellationRequest.objects.create(
        reference=reference("C"),
        door=declaration.door,
        kind=declaration.kind,
        payload=_read(declaration, received_at=received_at),
        email=declaration.email,
        reason_code=declaration.reason_code,
        feedback=declaration.feedback,
        received_at=received_at,
    )
    return made


def _read(declaration: Declaration, *, received_at: datetime) -> dict[str, Any]:
    """What was entered; beside a day that was written as the end of the contract, how it is read."""
    payload = dict(declaration.payload)
    if declaration.door == CancellationRequest.Door.PUBLIC and payload.get("end"):
        zone = sellers.of_workspace(at=received_at).timezone
        day = wishes.read(str(payload["end"]), today=local_date(received_at, zone))
        if day is not None:
            payload["end_on"] = day.isoformat()
        elif str(payload["end"]).strip() != gettext("At the earliest possible date"):
            payload["is_unread"] = True
    return payload


@transaction.atomic
def cancel(
    subscription: Subscription, data: Mapping[str, Any], *, door: CancellationRequest.Door, at: datetime
) -> Cancellation:
    """Declare and put in force what a confirmed page showed; `data` is its form's.

    Raises cancellation.QuoteChanged where the outcome got worse, AlreadyEnded where another press came first.
    """
    if data["when"] == "now":
        cancellation.keep_promise(subscription, shown_minor=data["shown_refund"] or 0, at=at)
    elif data["when"] == "later":
        cancellation.keep_list(subscription, data["end_on"], shown=data["shown_charges"], at=at)
    request = declare(from_confirm_page(data, subscription, door=door), received_at=at)
    return cancellation.put_in_force(request, subscription, when=when_of(data), at=at)


@transaction.atomic
def declare_publicly(declaration: Declaration, *, at: datetime) -> CancellationRequest:
    """A declaration from the public page, without a sign-in: stored, answered in any case, then matched if it can be.

    The address that was entered gets back only what was entered; details go to the address on file. A public notice
    never ends anything at once, except a withdrawal, and never deletes data. Matching is a job's: whether a contract
    exists shows neither in what comes back nor in how long that takes.
    """
    request = declare(declaration, received_at=at)
    if _is_welcome(request, at=at):
        letters.confirm_arrival(request, at=at)
    settle.later(request_id=request.id)
    return request


def _is_welcome(request: CancellationRequest, *, at: datetime) -> bool:
    """Whether the address gets a confirmation: nobody’s mailbox is flooded by who types it again and again."""
    recent = CancellationRequest.objects.filter(email=request.email, received_at__gt=at - timedelta(hours=1))
    return bool(recent.count() <= CONFIRMATIONS_AN_HOUR)


@job("subscriptions.settle_declaration")
def settle(*, request_id: UUID) -> None:
    """Let a public declaration take effect from its arrival, if it is clear whose it is. Safe to run twice."""
    request = CancellationRequest.objects.select_related("workspace").filter(UNMATCHED, id=request_id).first()
    if request is None:
        return
    named, at = str(request.payload.get("contract", "")), clocks.seller_now(clock.now())
    found = find_contract(request.workspace, email=request.email, contract=named)
    if found is not None and found.is_ended:
        is_settled = _repeat(request, found, at=at)
    elif found is not None and request.kind != CancellationRequest.Kind.EXTRAORDINARY:
        kind = CancellationRequest.Kind(request.kind)
        is_settled = bool(cancellation.put_in_force(request, found, when=_when(kind), at=at))
    else:
        is_settled = False
    if not is_settled:
        team_letters.tell_unmatched(request, at=at)


def _repeat(request: CancellationRequest, contract: Subscription, *, at: datetime) -> bool:
    """Answer a declaration about a contract that a cancellation has ended. A person decides where none has, and about a

    withdrawal in time, which may give more back. Returns whether it is answered.
    """
    over, is_withdrawal = in_force(contract), request.kind == CancellationRequest.Kind.WITHDRAWAL
    if is_withdrawal and policies.is_in_time(contract.started_at, at=request.received_at, zone=contract.timezone):
        return False
    if over is not None:
        cancellation.repeat(request, over, at=at)
    return over is not None


def _when(kind: CancellationRequest.Kind) -> When:
    return "now" if kind == CancellationRequest.Kind.WITHDRAWAL else "period_end"


@transaction.atomic
def match(request: CancellationRequest, subscription: Subscription, *, at: datetime) -> UUID:
    """Staff found whose declaration it is: its effect counts from the original arrival. Returns the cancellation that counts.

    Raises AlreadyEnded where the contract is over and no cancellation ended it.
    """
    kind = CancellationRequest.Kind(request.kind)
    over = in_force(subscription) if subscription.is_ended else None
    if over is not None:
        cancellation.repeat(request, over, at=at)
        return over.id
    return cancellation.put_in_force(request, subscription, when=_when(kind), at=at).id
