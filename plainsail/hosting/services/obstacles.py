"""What stands in the way of erasing a business: contracts that run, money that is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.commerce import queries as commerce
from plainsail.hosting import queries
from plainsail.hosting.models import BillingLink, Closure
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery, Stream
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.services import winding_down

WAITED_FOR = timedelta(days=7)
"""How long a letter that can't be handed over keeps the doors open."""
REFUNDS_TAKEN_OVER = "refunds_taken_over"
"""Fact: a person has taken on what the gateway could not pay back."""


@dataclass(frozen=True)
class Obstacle:
    """One reason, by a stable code and in words."""

    code: str
    words: str


def in_the_way(business: Workspace, closure: Closure | None) -> list[Obstacle]:
    """Everything that has to be settled before the business may be erased. Opens its workspace and the operator's."""
    with workspace(business):
        found = [*_contracts(business), *_money(business, closure)]
    return [*found, *_plan_refunds(business)]


def unsettled(business: Workspace, closure: Closure, *, at: datetime) -> list[Obstacle]:
    """What still has to be done for customers before the doors close. In the open workspace."""
    return [*_contracts(business), *_money(business, closure), *_letters(at=at)]


def _contracts(business: Workspace) -> list[Obstacle]:
    number = winding_down.running(business).count()
    words = ngettext(
        "%(number)d contract with a customer of yours still runs.",
        "%(number)d contracts with customers of yours still run.",
        number,
    )
    return [Obstacle("contracts", words % {"number": number})] if number else []


def _money(business: Workspace, closure: Closure | None) -> list[Obstacle]:
    found = []
    if Charge.objects.open().exists():
        found.append(Obstacle("charges", _("A payment is under way; its outcome isn’t known yet.")))
    if Refund.objects.exclude(state__in=Refund.FINAL).exists():
        found.append(Obstacle("refunds", _("A refund is on its way to a customer of yours.")))
    if Dispute.objects.filter(state=Dispute.State.OPEN).exists():
        found.append(Obstacle("disputes", _("A customer’s bank is looking into a payment.")))
    if commerce.refunds_owed(business) and not _are_taken_over(closure):
        found.append(Obstacle("failed_refunds", _("A refund failed: the customer has not got the money back.")))
    return found


def _are_taken_over(closure: Closure | None) -> bool:
    if closure is None:
        return False
    told = closure.facts.filter(kind=REFUNDS_TAKEN_OVER).order_by("-at").first()
    newest = Refund.objects.filter(state=Refund.State.FAILED).order_by("-settled_at").first()
    return bool(told and newest and newest.settled_at and newest.settled_at <= told.at)


def _letters(*, at: datetime) -> list[Obstacle]:
    """Letters that customers are owed leave before the doors close; but a mail server that is gone keeps nobody here."""
    owed = Delivery.objects.filter(stream=Stream.TRANSACTIONAL, state__in=Delivery.OPEN, created_at__gt=at - WAITED_FOR)
    return [Obstacle("letters", _("Letters to customers are on their way."))] if owed.exists() else []


def _plan_refunds(business: Workspace) -> list[Obstacle]:
    link = BillingLink.objects.filter(workspace=business).first()
    if link is None:
        return []
    with workspace(link.operator_id):
        billed = [
            invoice.id for contract in queries.contracts_of(business) for invoice in contracts.invoices_of(contract)
        ]
        waiting = Refund.objects.exclude(state__in=Refund.FINAL).filter(charge__subject_id__in=billed)
        is_waiting = waiting.exists()
    return [Obstacle("own_refund", _("A refund for your plan is on its way to you."))] if is_waiting else []
