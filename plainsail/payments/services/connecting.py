"""Connecting a business to a gateway by its keys, checking that they work, and letting go of them again."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.services import hosts
from plainsail.kernel.crypto import encrypt
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways.base import SECRETS, BadKeys, Connection, GatewaySilent, keys_of
from plainsail.payments.models import Charge, GatewayAccount, InboundEndpoint, Refund
from plainsail.payments.services.accounts import gateway_of
from plainsail.payments.sockets import DEPENDENTS, GATEWAYS

__all__ = [
    "BadKeys",
    "GatewaySilent",
    "StillNeeded",
    "address_of",
    "check",
    "connect",
    "disconnect",
    "has_messages_secret",
    "is_ready",
    "needs",
]

NOTED = ["gateway_ref", "name", "checked_at"]
"""Columns that hold what a check found."""


class StillNeeded(Refusal):
    """Contracts, orders or payments would be left without a way to be paid."""

    code = "still_needed"


def connect(workspace_id: UUID, *, code: str, mode: str, keys: Mapping[str, str], at: datetime) -> GatewayAccount:
    """Keep keys for a gateway once it says that they work; outside any transaction. Keys left empty stay as they were.

    Keys of another account of the gateway's are taken only while nothing depends on the one before: cards saved there don't
    exist here. Raises BadKeys, StillNeeded, GatewaySilent, KeyError; nothing is kept then.
    """
    with workspace(workspace_id):
        known = GatewayAccount.objects.filter(code=code, mode=mode).first()
    account = known or GatewayAccount(workspace_id=workspace_id, code=code, mode=mode, created_at=at)
    account.secrets = encrypt(SECRETS, json.dumps(keys_of(account) | {name: key for name, key in keys.items() if key}))
    found = _ask(account, at=at)
    with workspace(workspace_id):
        _note(account, found, at=at)
        if known:
            account.save(update_fields=["secrets", "changes_cursor", *NOTED])
        else:
            account.save(force_insert=True)
        InboundEndpoint.objects.get_or_create(
            account_id=account.id,
            defaults={"workspace_id": workspace_id, "key": random.token_urlsafe(32), "created_at": at},
        )
    return account


def check(workspace_id: UUID, account_id: UUID, *, at: datetime) -> GatewayAccount:
    """Ask the gateway whether the kept keys still work; outside any transaction. Raises BadKeys, GatewaySilent."""
    with workspace(workspace_id):
        account: GatewayAccount = GatewayAccount.objects.get(id=account_id)
    found = _ask(account, at=at)
    with workspace(workspace_id):
        _note(account, found, at=at)
        account.save(update_fields=NOTED)
    return account


def _note(account: GatewayAccount, found: Connection, *, at: datetime) -> None:
    if found.ref and account.gateway_ref and found.ref != account.gateway_ref:
        if reasons := needs(account):
            raise StillNeeded(" ".join([str(_("This key belongs to another account there.")), *reasons]))
        account.changes_cursor = ""
    account.gateway_ref = found.ref[:60] or account.gateway_ref
    account.name, account.checked_at = found.name[:150], at


def _ask(account: GatewayAccount, *, at: datetime) -> Connection:
    found = gateway_of(account).check(account, at=at)
    if found.is_live != account.is_live:
        raise BadKeys(_("This key is for the other mode."), field="secret_key")
    return found


@transaction.atomic
def disconnect(account: GatewayAccount) -> None:
    """Forget an account's keys and close its address. What was paid through it stays in the books.

    Raises StillNeeded while contracts or orders are paid through it, or while payments are under way.
    """
    if reasons := needs(account):
        raise StillNeeded(" ".join(reasons))
    InboundEndpoint.objects.filter(account_id=account.id).delete()
    GatewayAccount.objects.filter(id=account.id).update(
        secrets="", gateway_ref="", name="", checked_at=None, changes_cursor=""
    )


def needs(account: GatewayAccount) -> list[str]:
    """In words, what depends on an account; empty where nothing does."""
    open_charges = Charge.objects.open().filter(account=account).count()
    open_refunds = Refund.objects.filter(charge__account=account).exclude(state__in=Refund.FINAL).count()
    reasons = [str(asked(account.id)) for asked in DEPENDENTS]
    if open_charges or open_refunds:
        reasons.append(str(_("Payments or refunds are under way through it: wait until they are settled.")))
    return [reason for reason in reasons if reason]


def is_ready(account: GatewayAccount) -> bool:
    """Whether it can be charged through: it needs no keys, or has them."""
    gateway = GATEWAYS.get(account.code)
    return gateway is not None and (account.has_keys or not gateway.capabilities.needs_keys)


def has_messages_secret(account: GatewayAccount) -> bool:
    """Whether messages that come in can be checked."""
    return bool(keys_of(account).get("webhook_secret"))


def address_of(account: GatewayAccount) -> str:
    """Absolute address for the gateway's messages; empty where there is none. One query."""
    endpoint = InboundEndpoint.objects.filter(account_id=account.id).first()
    return hosts.app_url(f"/inbound/payments/{endpoint.key}/") if endpoint else ""
