"""The business as a seller: made when first needed, changed in Settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Mode, Seller
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id, is_closed
from plainsail.payments.services import accounts

CHANGEABLE = ("legal_name", "address", "country", "email", "tax_id", "tax_name", "tax_rate", "rounding")


class SellerClosing(Refusal):
    """The business is closing or closed: it starts no charge."""

    code = "seller_closing"
    message = _("This business doesn’t sell any more.")


@transaction.atomic
def of_workspace(*, at: datetime) -> Seller:
    """The open workspace's seller; made in test mode with a sandbox account if there is none yet."""
    if (found := Seller.objects.select_related("gateway_account").first()) is not None:
        return _typed(found)
    business = Workspace.objects.get(id=current_workspace_id())
    account = accounts.open_account("sandbox", mode=Mode.TEST, at=at)
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
