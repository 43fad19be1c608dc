"""Another card for a contract, and with it the payment that is open: by a link, without a sign-in.

The card takes the old one's place once something was paid with it; where nothing is open, once the bank has checked it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import clocks, collecting, sellers
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import accounts, declines, methods
from plainsail.payments.services.charging import MethodUnusable
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import dunning, letters, links, paying, presses
from plainsail.subscriptions.services.cancellation import AlreadyEnded
from plainsail.subscriptions.services.presses import Progress

FRESH = timedelta(days=1)
"""For so long a card that was entered at the gateway's, and not charged yet, is offered."""


class NothingToPay(Refusal):
    """The contract is over and nothing of it is open."""

    code = "nothing_to_pay"
    message = gettext_lazy("Nothing is open, and nothing will be charged any more.")


def owed(subscription: Subscription) -> Invoice | None:
    """The oldest renewal of a contract that is unpaid because its charge was declined, or wasn't taken in time."""
    unpaid = subscription.dunning_cases.filter(Q(tries__gt=0) | Q(late_for__isnull=False), closed_at=None)
    cases = unpaid.order_by("opened_at", "id")
    found = [Invoice.objects.get(id=case.invoice_id) for case in cases]
    return next((one for one in found if one.due.minor > 0), None)


def shown(subscription: Subscription, *, at: datetime) -> dict[str, Any]:
    """What the page about it shows. A handful of queries."""
    seller, invoice = sellers.of_workspace(at=at), owed(subscription)
    return {
        "owed": invoice,
        # Nobody's card was declined for what was charged late: it is only asked for.
        "is_late": invoice is not None and subscription.dunning_cases.filter(invoice_id=invoice.id, tries=0).exists(),
        "takes_card": invoice is not None or not subscription.is_ended,
        "types_card": accounts.takes_card_fields(seller.gateway_account),
        "is_test": seller.is_test,
        "card": PaymentMethod.objects.filter(id=subscription.payment_method_id).first(),
        "next_charge": letters.next_charge(subscription),
        "cancel_path": "" if subscription.is_ended or subscription.is_ending else links.cancel_path(subscription),
    }


def fresh_card(subscription: Subscription, *, at: datetime) -> PaymentMethod | None:
    """A card that the customer has just entered at the gateway's and that isn't the contract's yet."""
    found = PaymentMethod.objects.filter(
        payer_key=subscription.account_id,
        state__in=(PaymentMethod.State.USABLE, PaymentMethod.State.REQUIRES_ACTION),
        created_at__gt=clocks.wall(at) - FRESH,
    )
    others = found.exclude(id=subscription.payment_method_id).exclude(
        id__in=Order.objects.filter(method_id__isnull=False).values("method_id")
    )
    card: PaymentMethod | None = others.order_by("-created_at", "-id").first()
    return card


def look_up(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> PaymentMethod | None:
    """How a card stands that the customer has just entered at the gateway's; charges nothing. Outside any transaction."""
    with workspace(workspace_id):
        found = fresh_card(Subscription.objects.get(id=subscription_id), at=at)
        wall = clocks.wall(at)
    if found is None or found.is_usable:
        return found
    asked = methods.confirm(workspace_id, found.id, at=wall)
    return asked if asked.is_usable else None


def pay(
    workspace_id: UUID, subscription_id: UUID, *, card: Mapping[str, str], return_path: str, at: datetime
) -> Progress:
    """Take a card, and with it what is open. Outside any transaction; `at` is the seller's time.

    Raises CardRefused (also where the bank declined), NothingToPay, SellerClosing, ChargeUnderway.
    """
    with workspace(workspace_id):
        contract = Subscription.objects.get(id=subscription_id)
        invoice = owed(contract)
        if contract.is_ended and invoice is None:
            raise NothingToPay
        seller, wall = sellers.selling(at=at), clocks.wall(at)
    method = methods.add(
        workspace_id,
        account_id=seller.gateway_account_id,
        payer_key=contract.account_id,
        fields=card,
        verify=invoice is None,
        return_path=return_path,
        at=wall,
    )
    if method.state == PaymentMethod.State.REQUIRES_ACTION:
        return Progress("action", url=method.action_url)
    return pay_with(workspace_id, subscription_id, method.id, return_path=return_path, at=at)


def pay_with(workspace_id: UUID, subscription_id: UUID, method_id: UUID, *, return_path: str, at: datetime) -> Progress:
    """The same with a card that is there already. Raises CardRefused, NothingToPay, SellerClosing, ChargeUnderway."""
    with workspace(workspace_id):
        contract = Subscription.objects.get(id=subscription_id)
        method = PaymentMethod.objects.filter(id=method_id, payer_key=contract.account_id).first()
        if method is None or not method.is_usable:
            raise CardRefused("number", MethodUnusable().message)
        invoice = owed(contract)
        if invoice is None:
            if contract.is_ended:
                raise NothingToPay
            paying.change_method(contract, method)
            return Progress("done")
    charge = collecting.charge(
        workspace_id,
        invoice.id,
        method_id=method_id,
        initiator=Charge.Initiator.CUSTOMER,
        return_path=return_path,
        at=at,
    )
    return _outcome(workspace_id, charge, at=at)


def progress(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> Progress | None:
    """How the customer's own payment of what is open stands, asking the gateway; None where none waits."""
    with workspace(workspace_id):
        invoice = owed(Subscription.objects.get(id=subscription_id))
        last = payments.charges_of(invoice.id)[-1:] if invoice is not None else []
        waiting = [one for one in last if one.is_open and one.initiator == Charge.Initiator.CUSTOMER]
    if not waiting:
        return None
    return _outcome(workspace_id, collecting.look_up(workspace_id, waiting[0].id, at=at), at=at)


def _outcome(workspace_id: UUID, charge: Charge, *, at: datetime) -> Progress:
    if charge.has_succeeded:
        with workspace(workspace_id):
            adopt(charge.subject_id, charge.id)
            dunning.settle(charge.subject_id, at=at)
        return Progress("done")
    if charge.was_declined:
        raise CardRefused("number", declines.words(charge.decline_class, charge.decline_code))
    return presses.waiting(charge)


@transaction.atomic
def adopt(invoice_id: UUID, charge_id: UUID) -> None:
    """A customer paid a renewal with a card of their choice: from now on it pays for the contract. Safe to repeat."""
    case = DunningCase.objects.filter(invoice_id=invoice_id).select_related("subscription").first()
    charge = Charge.objects.select_related("method").get(id=charge_id)
    if case is None or charge.initiator != Charge.Initiator.CUSTOMER:
        return
    try:
        paying.change_method(case.subscription, charge.method)
    except (AlreadyEnded, MethodUnusable):
        return  # nothing is charged any more, or the card was taken back since
