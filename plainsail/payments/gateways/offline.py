"""Bank transfer as a gateway: nothing is taken, what has come in is drawn upon. Its book is in the house.

A payer has a running account here: transfers credit it, charges draw on it, so that whoever sent too much pays the next
bill with the rest. A charge that the credit doesn't cover waits for its payer, or is declined where nobody is there to
send money. A refund is a person's task: it is pending until somebody says that it was sent (`services.transfers`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Sum

from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import base
from plainsail.payments.gateways.base import (
    Change,
    ChargeOutcome,
    ChargeRequest,
    RefundOutcome,
    RefundRequest,
    SetupOutcome,
    SetupRequest,
)
from plainsail.payments.models import BankRecord, GatewayAccount, PaymentMethod, Transfer

CODE = "offline"
MISSING = ("needs_action", "transfer_missing")
SETTLED_AFTER = timedelta(seconds=30)
"""Changes are listed only once no slower writer can slip in before them."""
PAYER, CHARGE, REFUND = BankRecord.Kind.PAYER, BankRecord.Kind.CHARGE, BankRecord.Kind.REFUND


class Offline(base.Gateway):
    """The account's keys are what a payer needs to know: `holder`, `iban`, `bic`, besides the business's own settings."""

    code = CODE
    capabilities: ClassVar = base.Capabilities(merchant_initiated=False)

    def begin_setup(self, account: GatewayAccount, request: SetupRequest) -> SetupOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record, _is_new = BankRecord.objects.update_or_create(
                account=account,
                kind=PAYER,
                key=str(request.payer_key),
                defaults={"state": "usable", "changed_at": request.at},
                create_defaults={
                    "state": "usable",
                    "changed_at": request.at,
                    "ref": f"payer_{secrets.token_hex(12)}",
                    "last4": str(base.keys_of(account)["iban"])[-4:],
                },
            )
            return _setup_outcome(record)

    def fetch_setup(self, account: GatewayAccount, ref: str, *, at: datetime) -> SetupOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = BankRecord.objects.filter(kind=PAYER, ref=ref).first()
            return _setup_outcome(record) if record else SetupOutcome(state="not_found")

    def charge(self, account: GatewayAccount, request: ChargeRequest) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            payer = BankRecord.objects.select_for_update().get(kind=PAYER, ref=request.method_ref)
            found = _find(account, CHARGE, request.idempotency_key)
            return _charge_outcome(found or _write_charge(account, payer, request))

    def fetch_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = _find(account, CHARGE, key)
            return _charge_outcome(record) if record else ChargeOutcome(state="not_found")

    def cancel_charge(self, account: GatewayAccount, key: str, *, method_ref: str, at: datetime) -> ChargeOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = _find(account, CHARGE, key)
            if record is None:
                return ChargeOutcome(state="not_found")
            if record.state == "requires_action":
                record.state, record.decline, record.changed_at = "declined", MISSING[1], at
                record.save(update_fields=["state", "decline", "changed_at"])
            return _charge_outcome(record)

    def refund(self, account: GatewayAccount, request: RefundRequest) -> RefundOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            charge = BankRecord.objects.select_for_update().get(kind=CHARGE, ref=request.charge_ref)
            found = _find(account, REFUND, request.idempotency_key)
            return _refund_outcome(found or _write_refund(charge, request))

    def fetch_refund(self, account: GatewayAccount, key: str, *, charge_ref: str, at: datetime) -> RefundOutcome:
        base.leave_the_house()
        with workspace(account.workspace_id):
            record = _find(account, REFUND, key)
            return _refund_outcome(record) if record else RefundOutcome(state="not_found")

    def detach_method(self, account: GatewayAccount, ref: str, *, at: datetime) -> None:
        base.leave_the_house()
        with workspace(account.workspace_id):
            BankRecord.objects.filter(kind=PAYER, ref=ref).update(state="detached", changed_at=at)

    def list_changes(self, account: GatewayAccount, cursor: str, *, at: datetime) -> tuple[Sequence[Change], str]:
        base.leave_the_house()
        with workspace(account.workspace_id):
            return _changes_since(account, cursor, until=at - SETTLED_AFTER)


def credit(account: GatewayAccount, payer: BankRecord, currency: str) -> Money:
    """What a payer has sent and nothing has drawn on yet. In the workspace; two sums."""
    came = Transfer.objects.filter(account=account, currency=currency).credited_to(payer.key)
    drawn = BankRecord.objects.filter(kind=CHARGE, parent_ref=payer.ref, currency=currency, state="succeeded")
    sums = [int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0) for rows in (came, drawn)]
    return Money(sums[0] - sums[1], currency)


def payer_of(method: PaymentMethod) -> BankRecord:
    """The payer's own line in the book."""
    found: BankRecord = BankRecord.objects.get(kind=PAYER, ref=method.gateway_ref)
    return found


def pay_out(method: PaymentMethod, amount: Money, *, at: datetime) -> BankRecord:
    """A payer's credit was sent back: it is drawn upon without paying for anything. In the workspace."""
    payer = BankRecord.objects.select_for_update().get(kind=PAYER, ref=method.gateway_ref)
    record: BankRecord = BankRecord.objects.create(
        account=method.account,
        kind=CHARGE,
        key=f"out:{secrets.token_hex(12)}",
        ref=f"out_{secrets.token_hex(12)}",
        parent_ref=payer.ref,
        state="succeeded",
        amount_minor=amount.minor,
        currency=amount.currency,
        changed_at=at,
        created_at=at,
    )
    return record


def note_sent(key: str, *, at: datetime) -> None:
    """A person says that a refund was sent. In the workspace; twice is fine."""
    BankRecord.objects.filter(kind=REFUND, key=key, state="pending").update(state="succeeded", changed_at=at)


def _find(account: GatewayAccount, kind: str, key: str) -> BankRecord | None:
    found: BankRecord | None = BankRecord.objects.filter(account=account, kind=kind, key=key).first()
    return found


def _setup_outcome(record: BankRecord) -> SetupOutcome:
    if record.state == "detached":
        return SetupOutcome(state="not_found", ref=record.ref)
    return SetupOutcome(state="usable", ref=record.ref, brand=PaymentMethod.TRANSFER, last4=record.last4)


def _write_charge(account: GatewayAccount, payer: BankRecord, request: ChargeRequest) -> BankRecord:
    state, decline = "succeeded", ""
    if payer.state != "usable":
        state, decline = "declined", "method_removed"
    elif request.amount > credit(account, payer, request.amount.currency):
        state, decline = ("declined", MISSING[1]) if request.initiator == "merchant" else ("requires_action", "")
    record: BankRecord = BankRecord.objects.create(
        account=account,
        kind=CHARGE,
        key=request.idempotency_key,
        ref=f"transfer_{secrets.token_hex(12)}",
        parent_ref=payer.ref,
        state=state,
        decline=decline,
        amount_minor=request.amount.minor,
        currency=request.amount.currency,
        changed_at=request.at,
        created_at=request.at,
    )
    return record


def _charge_outcome(record: BankRecord) -> ChargeOutcome:
    state: Any = record.state
    if record.state == "declined":
        decline_class: base.DeclineClass = "needs_action" if record.decline == MISSING[1] else "update_card"
        return ChargeOutcome(state=state, ref=record.ref, decline_class=decline_class, decline_code=record.decline)
    # Where the money is to be sent stands on the bill, which whoever asked has at hand: nothing more is to be done here.
    action_url = "/" if record.state == "requires_action" else ""
    return ChargeOutcome(state=state, ref=record.ref, action_url=action_url)


def _write_refund(charge: BankRecord, request: RefundRequest) -> BankRecord:
    earlier = BankRecord.objects.filter(kind=REFUND, parent_ref=charge.ref).exclude(state="failed")
    gone = int(earlier.aggregate(total=Sum("amount_minor"))["total"] or 0)
    is_covered = charge.state == "succeeded" and gone + request.amount.minor <= charge.amount_minor
    record: BankRecord = BankRecord.objects.create(
        account_id=charge.account_id,
        kind=REFUND,
        key=request.idempotency_key,
        ref=f"return_{secrets.token_hex(12)}",
        parent_ref=charge.ref,
        state="pending" if is_covered else "failed",
        amount_minor=request.amount.minor,
        currency=request.amount.currency,
        changed_at=request.at,
        created_at=request.at,
    )
    return record


def _refund_outcome(record: BankRecord) -> RefundOutcome:
    state: Any = record.state
    code = "charge_not_refundable" if record.state == "failed" else ""
    return RefundOutcome(state=state, ref=record.ref, failure_code=code)


def _changes_since(account: GatewayAccount, cursor: str, *, until: datetime) -> tuple[Sequence[Change], str]:
    records = BankRecord.objects.filter(account=account, changed_at__lte=until).exclude(kind=PAYER)
    if cursor:
        moment, _sep, ref = cursor.partition("|")
        since = datetime.fromisoformat(moment)
        records = records.filter(changed_at__gte=since).exclude(changed_at=since, ref__lte=ref)
    found = list(records.order_by("changed_at", "ref")[:500])
    if not found:
        return [], cursor
    told = [Change(kind="charge" if record.kind == CHARGE else "refund", key=record.key) for record in found]
    return told, f"{found[-1].changed_at.isoformat()}|{found[-1].ref}"
