"""The business as a seller: made when first needed, changed in Settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Mode, SandboxClock, Seller
from plainsail.commerce.services import earning
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id, is_closed
from plainsail.payments.models import GatewayAccount
from plainsail.payments.services import accounts, connecting

CHANGEABLE = (
    *("legal_name", "address", "country", "email"),
    *("tax_id", "vat_id", "tax_name", "tax_rate", "has_oss", "rounding"),
)


class SellerClosing(Refusal):
    """The business is closing or closed: it starts no charge."""

    code = "seller_closing"
    message = _("This business doesn’t sell any more.")


class NotReady(Refusal):
    """The gateway can't take payments yet."""

    code = "gateway_not_ready"
    message = _("Connect it first: it can’t take payments yet.")


class OtherModeRuns(Refusal):
    """What runs in one mode would go on in the other: play money for real invoices, or real money for none."""

    code = "other_mode_runs"


class GatewayInUse(Refusal):
    """New orders are paid through it."""

    code = "gateway_in_use"
    message = _("New orders are paid through it. Choose another way for them first.")


@transaction.atomic
def of_workspace(*, at: datetime) -> Seller:
    """The open workspace's seller; made in test mode with a sandbox account if there is none yet."""
    if (found := Seller.objects.select_related("gateway_account").first()) is not None:
        return _typed(found)
    business = Workspace.objects.get(id=current_workspace_id())
    account = accounts.open_account("sandbox", mode=Mode.TEST, at=at)
    due.schedule(earning.MONTHLY, at)
    seller, _is_new = Seller.objects.get_or_create(
        defaults={
            "legal_name": business.name,
            "address": business.postal_address,
            "timezone": business.timezone,
            "gateway_account": account,
            "created_at": at,
        }
    )
    return _typed(seller)


def selling(*, at: datetime) -> Seller:
    """The seller, if it may start charges. Raises SellerClosing."""
    if not may_sell(seller := of_workspace(at=at)):
        raise SellerClosing
    return seller


def may_sell(seller: Seller) -> bool:
    """Whether it may begin something: neither it nor its business is closing. One query."""
    return seller.is_selling and not is_closed(seller.workspace_id)


@transaction.atomic
def change(seller: Seller, *, fields: Mapping[str, Any]) -> Seller:
    """Change what stands on invoices from now on; those numbered already stay as they are."""
    chosen = [name for name in CHANGEABLE if name in fields]
    for name in chosen:
        setattr(seller, name, fields[name])
    seller.save(update_fields=chosen)
    return seller


@transaction.atomic
def take_payments_by(seller: Seller, account: GatewayAccount) -> Seller:
    """New orders are paid through an account from now on, in its mode. Contracts stay with the one that they began with.

    Into the other mode only once nothing runs in this one; a test clock that was moved ahead is then put back, since real
    money knows no other time than the wall's. Raises NotReady, OtherModeRuns.
    """
    if not connecting.is_ready(account):
        raise NotReady
    if account.mode != seller.mode:
        others = GatewayAccount.objects.filter(mode=seller.mode).order_by("id")
        if reasons := [reason for other in others for reason in connecting.needs(other)]:
            raise OtherModeRuns(" ".join(reasons))
        SandboxClock.objects.all().delete()
    seller.gateway_account, seller.mode = account, account.mode
    seller.save(update_fields=["gateway_account", "mode"])
    return seller


@transaction.atomic
def disconnect(seller: Seller, account: GatewayAccount) -> None:
    """Let go of a gateway that nothing is paid through any more. Raises GatewayInUse, StillNeeded."""
    if seller.gateway_account_id == account.id:
        raise GatewayInUse
    connecting.disconnect(account)


@transaction.atomic
def stop_selling(seller: Seller) -> None:
    """From now on this seller starts no charge."""
    Seller.objects.filter(id=seller.id, state=Seller.State.ACTIVE).update(state=Seller.State.CLOSING)
    seller.state = Seller.State.CLOSING


@transaction.atomic
def sell_again(seller: Seller) -> None:
    """The closing was taken back: this seller sells as before."""
    Seller.objects.filter(id=seller.id, state=Seller.State.CLOSING).update(state=Seller.State.ACTIVE)
    seller.state = Seller.State.ACTIVE


def _typed(seller: Any) -> Seller:
    found: Seller = seller
    return found
