"""The sandbox: a whole gateway in the house, with its own book, for trying things out. No money moves.

It remembers what a gateway elsewhere would, so that lost answers and crashes are resolved by asking, as in earnest.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.crypto import sign
from plainsail.kernel.http import public_path
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import base, cards
from plainsail.payments.gateways.base import (
    CardRefused,
    Change,
    ChargeOutcome,
    ChargeRequest,
    DisputeFact,
    RefundOutcome,
    RefundRequest,
    SetupOutcome,
    SetupRequest,
)
from plainsail.payments.models import GatewayAccount, SandboxRecord

CODE = "sandbox"
BANK = "payments.bank"
REFUND_TAKES = timedelta(minutes=1)
ANSWERED_WITHIN = timedelta(days=14)
"""So long a business has for its answer to a dispute; banks give one to three weeks."""
SETTLED_AFTER = timedelta(seconds=30)
"""Changes are listed only once no slower writer can slip in before them."""
AUTHENTICATION_REQUIRED = ("needs_action", "authentication_required")


class Sandbox(base.Gateway):
    """See `cards.CARDS` for what each number does."""

    code = CODE
    capabilities: ClassVar = base.Capabilities(needs_keys=False, takes_card_fields=True, disputes=True)

    def begin_setup(self, account: GatewayAccount, request: SetupRequest) -> SetupOutcome:
        base.leave_the_house()
        card, month, year = read_card(request.fields, at=request.at)
        with workspace(account.workspace_id):
            record = _remember(card, month, year, request)
            return _setup_outcome(record)

    def fetch_setup(self, account: GatewayAccount, ref: str, *, at: datetime) -> SetupOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = SandboxRecord.objects.filter(kind=SandboxRecord.Kind.CARD, ref=ref).first()
            return _setup_outcome(record) if record else SetupOutcome(state="not_found")

    def charge(self, account: GatewayAccount, request: ChargeRequest) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            held = SandboxRecord.objects.select_for_update().get(kind=SandboxRecord.Kind.CARD, ref=request.method_ref)
            card = cards.BY_LAST4[held.facts["last4"]]
            if found := _charge_of(request.idempotency_key):
                return _charge_outcome(found)
            if card.loss == "never_arrived":
                return ChargeOutcome(state="unknown")
            record = _write_charge(held, card, request)
        # A dispute comes days after its charge: whoever looks again learns of it.
        return ChargeOutcome(state="unknown") if card.loss else replace(_charge_outcome(record), disputes=())

    def fetch_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = SandboxRecord.objects.select_for_update().filter(kind=SandboxRecord.Kind.CHARGE, key=key).first()
            if record is None:
                return ChargeOutcome(state="not_found")
            _let_dispute(record, at=at)
            return _charge_outcome(record)

    def cancel_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = SandboxRecord.objects.select_for_update().filter(kind=SandboxRecord.Kind.CHARGE, key=key).first()
            if record is None:
                return ChargeOutcome(state="not_found")
            if record.state == "requires_action":
                _decide(record, state="declined", decline=("needs_action", "abandoned"), at=at)
            return _charge_outcome(record)

    def refund(self, account: GatewayAccount, request: RefundRequest) -> RefundOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            charge = SandboxRecord.objects.select_for_update().get(ref=request.charge_ref)
            if found := _refund_of(request.idempotency_key):
                return _refund_outcome(found, at=request.at)
            return _refund_outcome(_write_refund(charge, request), at=request.at)

    def fetch_refund(self, account: GatewayAccount, key: str, *, charge_ref: str, at: datetime) -> RefundOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = _refund_of(key)
            return _refund_outcome(record, at=at) if record else RefundOutcome(state="not_found")

    def detach_method(self, account: GatewayAccount, ref: str, *, at: datetime) -> None:
        base.leave_the_house()
        with workspace(account.workspace_id):
            SandboxRecord.objects.filter(kind=SandboxRecord.Kind.CARD, ref=ref).update(state="detached", changed_at=at)

    def accept_dispute(self, account: GatewayAccount, ref: str, *, at: datetime) -> bool:
        base.leave_the_house()
        with workspace(account.workspace_id):
            decide_dispute(ref, state="lost", at=at)
        return True

    def list_changes(self, account: GatewayAccount, cursor: str, *, at: datetime) -> tuple[Sequence[Change], str]:
        base.leave_the_house()
        with workspace(account.workspace_id):
            return _changes_since(cursor, until=at - SETTLED_AFTER)


# The keys for numbers that a phone shows have no slash, so four or six digits are enough.
EXPIRY = re.compile(r"(0[1-9]|1[0-2]|[1-9](?=[^0-9]))\s*[/.-]?\s*([0-9]{2}|20[0-9]{2})")


def read_card(fields: Mapping[str, str], *, at: datetime) -> tuple[cards.Card, int, int]:
    """The sandbox's card of a number, with the month and year typed. Raises CardRefused."""
    number = re.sub(r"[\s-]", "", fields.get("number", ""))
    card = cards.BY_NUMBER.get(number)
    if card is None:
        raise CardRefused(
            "number", _("This shop is in test mode: only test card numbers work here, such as 4242 4242 4242 4242.")
        )
    found = EXPIRY.fullmatch(fields.get("expiry", "").strip())
    if found is None:
        raise CardRefused("expiry", _("Write the month and the year, such as 04/30."))
    month, year = int(found[1]), int(found[2]) % 100 + 2000
    if date(year, month, 1) < at.date().replace(day=1):
        raise CardRefused("expiry", _("This card has expired."))
    if not re.fullmatch(r"\s*[0-9]{3,4}\s*", fields.get("cvc", "")):
        raise CardRefused("cvc", _("The security code has three or four digits."))
    return card, month, year


def authenticate(workspace_id: UUID, ref: str, *, is_approved: bool, at: datetime) -> str:
    """The payer answered the bank's question; returns the path to go back to. Answering twice changes nothing.

    Raises SandboxRecord.DoesNotExist.
    """
    with workspace(workspace_id):
        record = SandboxRecord.objects.select_for_update().get(ref=ref)
        if record.state == "requires_action":
            _answer(record, is_approved=is_approved, at=at)
        return str(record.facts["return_path"])


def question(workspace_id: UUID, ref: str) -> SandboxRecord:
    """What the bank asks about: a card or a charge. Raises SandboxRecord.DoesNotExist."""
    with workspace(workspace_id):
        record: SandboxRecord = SandboxRecord.objects.get(ref=ref)
        return record


def _answer(record: SandboxRecord, *, is_approved: bool, at: datetime) -> None:
    if record.kind == SandboxRecord.Kind.CHARGE:
        if not is_approved:
            _decide(record, state="declined", decline=("needs_action", "authentication_failed"), at=at)
            return
        _decide(record, state="succeeded", decline=("", ""), at=at)
        record = SandboxRecord.objects.select_for_update().get(ref=record.parent_ref)
        record.facts["is_authenticated"] = True
    else:
        record.state = "usable" if is_approved else "refused"
        record.facts["is_authenticated"] = is_approved
    record.save(update_fields=["state", "facts"])


def _remember(card: cards.Card, month: int, year: int, request: SetupRequest) -> SandboxRecord:
    """The same payer's same card is one record, whatever it expires."""
    key = f"{request.payer_key}:{card.number[-4:]}"
    facts = {"last4": card.number[-4:], "brand": card.brand, "exp_month": month, "exp_year": year}
    record: SandboxRecord
    record, _is_new = SandboxRecord.objects.select_for_update().get_or_create(
        kind=SandboxRecord.Kind.CARD,
        key=key,
        defaults={"ref": f"card_{secrets.token_hex(12)}", "state": "usable", "facts": facts, "changed_at": request.at},
    )
    record.facts = record.facts | facts | {"return_path": request.return_path}
    record.state, record.changed_at = "usable", request.at
    if request.verify:
        record.state = _verified_state(card, is_authenticated=bool(record.facts.get("is_authenticated")))
    record.save(update_fields=["facts", "state", "changed_at"])
    return record


def _verified_state(card: cards.Card, *, is_authenticated: bool) -> str:
    if card.refused_at_once:
        return "refused"
    return "requires_action" if card.check == "always" or (card.check == "once" and not is_authenticated) else "usable"


def _setup_outcome(record: SandboxRecord) -> SetupOutcome:
    if record.state == "detached":
        return SetupOutcome(state="not_found", ref=record.ref)
    facts = record.facts
    refused = cards.BY_LAST4[facts["last4"]].decline[1] or "authentication_failed"
    state: Any = record.state
    return SetupOutcome(
        state=state,
        ref=record.ref,
        brand=facts["brand"],
        last4=facts["last4"],
        exp_month=facts["exp_month"],
        exp_year=facts["exp_year"],
        action_url=_bank_path(record) if record.state == "requires_action" else "",
        decline_code=refused if record.state == "refused" else "",
    )


def _charge_of(key: str) -> SandboxRecord | None:
    found: SandboxRecord | None = SandboxRecord.objects.filter(kind=SandboxRecord.Kind.CHARGE, key=key).first()
    return found


def _refund_of(key: str) -> SandboxRecord | None:
    found: SandboxRecord | None = SandboxRecord.objects.filter(kind=SandboxRecord.Kind.REFUND, key=key).first()
    return found


def _write_charge(held: SandboxRecord, card: cards.Card, request: ChargeRequest) -> SandboxRecord:
    state, decline = _verdict(held, card, request)
    record: SandboxRecord = SandboxRecord.objects.create(
        kind=SandboxRecord.Kind.CHARGE,
        key=request.idempotency_key,
        ref=f"pay_{secrets.token_hex(12)}",
        parent_ref=held.ref,
        state=state,
        amount_minor=request.amount.minor,
        currency=request.amount.currency,
        facts={
            "last4": held.facts["last4"],
            "decline": decline,
            "initiator": request.initiator,
            "return_path": request.return_path,
        },
        changed_at=request.at,
        created_at=request.at,
    )
    return record


def _verdict(held: SandboxRecord, card: cards.Card, request: ChargeRequest) -> tuple[str, tuple[str, str]]:
    if held.state not in {"usable", "requires_action"}:
        return "declined", ("update_card", "card_removed")
    earlier = SandboxRecord.objects.filter(kind=SandboxRecord.Kind.CHARGE, parent_ref=held.ref)
    if card.loss == "not_taken":
        return "declined", ("soft", "generic_decline")
    if card.decline[0] and (not card.declines_first or earlier.count() < card.declines_first):
        return "declined", card.decline
    if request.initiator == "merchant":
        return _unattended_verdict(held, card, earlier.filter(facts__initiator="merchant"))
    needs_payer = card.check == "always" or (card.check == "once" and not held.facts.get("is_authenticated"))
    return ("requires_action" if needs_payer else "succeeded"), ("", "")


def _unattended_verdict(
    held: SandboxRecord, card: cards.Card, earlier: QuerySet[SandboxRecord]
) -> tuple[str, tuple[str, str]]:
    if card.check == "always" or (card.check == "once" and not held.facts.get("is_authenticated")):
        return "declined", AUTHENTICATION_REQUIRED
    if card.later_decline[0] and earlier.count() + 1 >= card.later_fails_from:
        return "declined", card.later_decline
    return "succeeded", ("", "")


def _decide(record: SandboxRecord, *, state: str, decline: tuple[str, str], at: datetime) -> None:
    record.state, record.changed_at = state, at
    record.facts["decline"] = decline
    record.save(update_fields=["state", "facts", "changed_at"])


def _charge_outcome(record: SandboxRecord) -> ChargeOutcome:
    decline_class, decline_code = record.facts["decline"]
    state: Any = record.state
    return ChargeOutcome(
        state=state,
        ref=record.ref,
        decline_class=decline_class,
        decline_code=decline_code,
        action_url=_bank_path(record) if record.state == "requires_action" else "",
        disputes=_disputes_of(record),
    )


def _let_dispute(record: SandboxRecord, *, at: datetime) -> None:
    """The cardholder asks their bank for whatever hasn't come back by itself, once."""
    is_disputed = cards.BY_LAST4[record.facts["last4"]].is_disputed
    if record.state == "succeeded" and is_disputed and "disputed_minor" not in record.facts:
        record.facts["disputed_minor"] = record.amount_minor - _paid_back(record, at=at)
        record.save(update_fields=["facts"])


def _paid_back(charge: SandboxRecord, *, at: datetime) -> int:
    return sum(
        other.amount_minor
        for other in SandboxRecord.objects.filter(kind=SandboxRecord.Kind.REFUND, parent_ref=charge.ref)
        if _refund_outcome(other, at=at).state != "failed"
    )


def _disputes_of(record: SandboxRecord) -> tuple[DisputeFact, ...]:
    if not record.facts.get("disputed_minor"):
        return ()
    amount = Money(record.facts["disputed_minor"], record.currency)
    state = record.facts.get("dispute_state", "open")
    reason = cards.BY_LAST4[record.facts["last4"]].dispute_reason
    answer_by = record.created_at + ANSWERED_WITHIN
    return (DisputeFact(ref=f"dp_{record.ref}", amount=amount, reason=reason, state=state, answer_by=answer_by),)


def decide_dispute(gateway_ref: str, *, state: Literal["won", "lost"], at: datetime) -> None:
    """The bank's word about a dispute (by its reference), for whoever plays the bank; whoever looks again learns of it.

    In the open workspace.
    """
    record = SandboxRecord.objects.select_for_update().get(
        kind=SandboxRecord.Kind.CHARGE, ref=gateway_ref.removeprefix("dp_")
    )
    if record.facts.get("dispute_state", "open") != "open":
        return  # a bank decides once
    record.facts["dispute_state"], record.changed_at = state, at
    record.save(update_fields=["facts", "changed_at"])


def _write_refund(charge: SandboxRecord, request: RefundRequest) -> SandboxRecord:
    held = 0 if charge.facts.get("dispute_state") == "won" else charge.facts.get("disputed_minor", 0)
    gone = _paid_back(charge, at=request.at) + held
    is_covered = charge.state == "succeeded" and gone + request.amount.minor <= charge.amount_minor
    behaviour = cards.BY_LAST4[charge.facts["last4"]].refund
    record: SandboxRecord = SandboxRecord.objects.create(
        kind=SandboxRecord.Kind.REFUND,
        key=request.idempotency_key,
        ref=f"re_{secrets.token_hex(12)}",
        parent_ref=charge.ref,
        state=behaviour if is_covered else "refused",
        amount_minor=request.amount.minor,
        currency=request.amount.currency,
        facts={"last4": charge.facts["last4"]},
        changed_at=request.at,
        created_at=request.at,
    )
    return record


def _refund_outcome(record: SandboxRecord, *, at: datetime) -> RefundOutcome:
    if record.state == "refused":
        return RefundOutcome(state="failed", ref=record.ref, failure_code="charge_not_refundable")
    if record.state == "at_once":
        return RefundOutcome(state="succeeded", ref=record.ref)
    if at < record.created_at + REFUND_TAKES:
        return RefundOutcome(state="pending", ref=record.ref)
    if record.state == "fails":
        return RefundOutcome(state="failed", ref=record.ref, failure_code="account_closed")
    return RefundOutcome(state="succeeded", ref=record.ref)


def _changes_since(cursor: str, *, until: datetime) -> tuple[Sequence[Change], str]:
    records = SandboxRecord.objects.exclude(kind=SandboxRecord.Kind.CARD).filter(changed_at__lte=until)
    if cursor:
        moment, _sep, ref = cursor.partition("|")
        since = datetime.fromisoformat(moment)
        records = records.filter(changed_at__gte=since).exclude(changed_at=since, ref__lte=ref)
    found = list(records.order_by("changed_at", "ref")[:500])
    if not found:
        return [], cursor
    told = [change for record in found for change in _told(record)]
    if any(_manner(record) == "reversed" for record in found):
        told.reverse()
    return told, f"{found[-1].changed_at.isoformat()}|{found[-1].ref}"


def _told(record: SandboxRecord) -> list[Change]:
    change = Change(kind="charge" if record.kind == SandboxRecord.Kind.CHARGE else "refund", key=record.key)
    return [change, change] if _manner(record) == "twice" else [change]


def _manner(record: SandboxRecord) -> str:
    return cards.BY_LAST4[record.facts["last4"]].changes


def _bank_path(record: SandboxRecord) -> str:
    return public_path("payments:bank", sign(BANK, record.ref.encode(), at=record.created_at.timestamp()))
