"""What an owner sees of the ways in which the business can be paid."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Seller
from plainsail.payments.models import GatewayAccount
from plainsail.payments.services import connecting, transfers

NAMES: dict[str, str | Promise] = {"sandbox": _("Test cards"), "stripe": "Stripe", "offline": _("Bank transfer")}


@dataclass(frozen=True, kw_only=True)
class Rail:
    """A gateway's account: whether it works, whether new orders use it, and where its messages go."""

    account: GatewayAccount
    name: str | Promise
    is_used: bool
    is_ready: bool
    has_keys: bool
    address: str
    has_messages: bool


def of_seller(seller: Seller) -> list[Rail]:
    """Every account that is connected or in use: what is built in first, test before live. Two queries an account.

    Bank transfer is left out: it stands beside any of them.
    """
    accounts = GatewayAccount.objects.exclude(code=transfers.CODE).order_by("created_at", "id")
    rails = [_rail(account, seller) for account in accounts]
    return sorted(
        (rail for rail in rails if rail.is_ready or rail.is_used),
        key=lambda rail: (rail.has_keys, rail.account.code, rail.account.is_live),
    )


def _rail(account: GatewayAccount, seller: Seller) -> Rail:
    return Rail(
        account=account,
        name=NAMES.get(account.code, account.code),
        is_used=seller.gateway_account_id == account.id,
        is_ready=connecting.is_ready(account),
        has_keys=account.has_keys,
        address=connecting.address_of(account) if account.has_keys else "",
        has_messages=connecting.has_messages_secret(account),
    )
