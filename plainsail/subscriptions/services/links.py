"""Signed links that open one contract's pages without a sign-in, and can do nothing else."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from plainsail.accounts.services import hosts
from plainsail.kernel.crypto import BadToken, sign, sign_json, verify, verify_json
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.subscriptions.models import Cancellation, CancellationRequest, PriceNotice, Subscription

CANCEL, RECEIPT, DECLARATION = "subscriptions.cancel", "subscriptions.receipt", "subscriptions.declaration"
PROGRESS, PAY, PRICE = "subscriptions.progress", "subscriptions.pay", "subscriptions.price"
PROGRESS_AGE = 24 * 3600
WITHDRAW_PATH = "/withdraw/"

M = TypeVar("M", bound=Model)


def cancel_path(subscription: Subscription) -> str:
    return f"/cancel/{_token(CANCEL, subscription.id)}/"


def receipt_path(made: Cancellation | None) -> str:
    """Path of a cancellation's receipt; the way to the customer's account where there is none."""
    return f"/cancel/receipt/{_token(RECEIPT, made.id)}/" if made else "/account/"


def declaration_path(request: CancellationRequest) -> str:
    return f"/cancel/declared/{_token(DECLARATION, request.id)}/"


def progress_path(subscription: Subscription, *, back: str) -> str:
    """Where a customer lands after the bank's check of a change's payment; `back` is where they go on from there."""
    return f"/change/{sign_json(PROGRESS, {'contract': str(subscription.id), 'back': back})}/"


def price_path(notice_id: UUID) -> str:
    """The page on which a customer looks at a new price and may agree to it."""
    return f"/price/{_token(PRICE, notice_id)}/"


def read_price(token: str) -> PriceNotice:
    """Raises BadToken."""
    rows = PriceNotice.objects.select_related(
        "rise__new_price", "rise__old_price", "item__subscription__account", "item__subscription__workspace", "consent"
    )
    found: PriceNotice = _find(rows, PRICE, token)
    return found


def read_progress(token: str) -> tuple[Subscription, str]:
    """The contract, and where to go on. Raises BadToken."""
    found = verify_json(PROGRESS, token, max_age=PROGRESS_AGE)
    contract = Subscription.objects.select_related("account", "workspace").filter(id=found["contract"]).first()
    if contract is None:
        raise BadToken
    return contract, found["back"]


def pay_path(subscription: Subscription) -> str:
    """Where a customer types another card for a contract, and pays what is open, without a sign-in."""
    return f"/pay/{_token(PAY, subscription.id)}/"


def pay_path_of(token: str) -> str:
    """The same, by its token."""
    return f"/pay/{token}/"


def read_pay(token: str) -> Subscription:
    """Raises BadToken."""
    found: Subscription = _find(Subscription.objects.select_related("account", "workspace"), PAY, token)
    return found


def account_url(subscription: Subscription) -> str:
    """The customer's account on the business's own host."""
    return absolute(subscription.workspace, "/account/")


def absolute(workspace: Workspace, path: str) -> str:
    """The same on the business's own host."""
    return hosts.public_url(workspace, path)


def read_cancel(token: str) -> Subscription:
    """Raises BadToken."""
    found: Subscription = _find(Subscription.objects.select_related("account", "workspace"), CANCEL, token)
    return found


def read_receipt(token: str) -> Cancellation:
    """Raises BadToken."""
    rows = Cancellation.objects.select_related("request", "subscription__account", "quote", "workspace")
    found: Cancellation = _find(rows, RECEIPT, token)
    return found


def read_declaration(token: str) -> CancellationRequest:
    """Raises BadToken."""
    found: CancellationRequest = _find(CancellationRequest.objects.all(), DECLARATION, token)
    return found


def _token(purpose: str, key: UUID) -> str:
    # They never expire. Without a moment, the same thing always has the same address.
    return sign(purpose, current_workspace_id().bytes + key.bytes, at=0)


def _find(rows: QuerySet[M], purpose: str, token: str) -> M:
    payload = verify(purpose, token)
    if len(payload) != 32 or payload[:16] != current_workspace_id().bytes:
        raise BadToken
    found = rows.filter(id=UUID(bytes=payload[16:])).first()
    if found is None:
        raise BadToken
    return found
