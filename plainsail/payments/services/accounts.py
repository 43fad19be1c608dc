"""Accounts at gateways: opening one, and the secrets that go with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from plainsail.kernel.crypto import encrypt
from plainsail.payments.gateways.base import SECRETS, Gateway
from plainsail.payments.models import GatewayAccount
from plainsail.payments.sockets import GATEWAYS


@transaction.atomic
def open_account(code: str, *, mode: str, at: datetime, secrets: Mapping[str, Any] | None = None) -> GatewayAccount:
    """The business's account at a gateway in a mode, made if need be; secrets given replace those kept. Raises KeyError."""
    GATEWAYS[code]
    sealed = encrypt(SECRETS, json.dumps(dict(secrets))) if secrets else ""
    account: GatewayAccount
    account, is_new = GatewayAccount.objects.get_or_create(
        code=code, mode=mode, defaults={"secrets": sealed, "created_at": at}
    )
    if sealed and not is_new:
        account.secrets = sealed
        account.save(update_fields=["secrets"])
    return account


def takes_card_fields(account: GatewayAccount) -> bool:
    """Whether a card is typed into our page; otherwise its payer is sent to the gateway's."""
    return gateway_of(account).capabilities.takes_card_fields


def gateway_of(account: GatewayAccount) -> Gateway:
    """The gateway at which an account is. Raises KeyError."""
    return GATEWAYS[account.code]
