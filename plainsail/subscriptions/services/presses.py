"""What a customer presses and pays for on a running contract, as another plan or an add-on: its charge, and giving it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import collecting, crediting, refunding
from plainsail.kernel.tenancy import workspace
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import declines
from plainsail.payments.services.charging import MethodUnusable
from plainsail.subscriptions.models import Subscription


@dataclass(frozen=True)
class Progress:
    """How it stands for who pressed: `done`, `planned`, `declined` with `words`, `action` with `url`, `processing`, or `asked`:

    to be sent by bank transfer, and `url` says how.
    """

    state: Literal["done", "planned", "declined", "action", "processing", "asked"]
    words: str | Promise = ""
    url: str = ""


Settle = Callable[..., None]
"""Carries out, or gives up, what waits for an invoice: `settle(invoice_id, at=…)`. Safe to repeat."""


def usable_method(subscription: Subscription, method_id: UUID | None) -> PaymentMethod:
    """The payer's own method of this id. Raises MethodUnusable."""
    method: PaymentMethod | None = PaymentMethod.objects.filter(id=method_id).first()
    if method is None or method.payer_key != subscription.account_id:
        raise MethodUnusable
    return method


def begin(invoice: Invoice, method: PaymentMethod, *, return_path: str, at: datetime) -> Charge:
    """The charge of a draft by its customer, written and not yet asked for."""
    return collecting.begin(invoice, method=method, initiator=Charge.Initiator.CUSTOMER, return_path=return_path, at=at)


def outcome(
    workspace_id: UUID, charge: Charge, *, finish: Settle, fail: Settle, state_of: Callable[[UUID], str], at: datetime
) -> Progress:
    """What a charge's outcome means for what it pays for; `state_of` gives that one's state by its invoice.

    The events say the same later; whoever is second finds it done.
    """
    with workspace(workspace_id):
        if charge.has_succeeded:
            finish(charge.subject_id, at=at)
            state = state_of(charge.subject_id)
            if state == "dropped":
                return Progress("declined", words=_("The contract changed meanwhile. Your payment goes back."))
            return Progress("done" if state == "done" else "processing")
        if charge.was_declined:
            fail(charge.subject_id, at=at)
            return Progress("declined", words=declines.words(charge.decline_class, charge.decline_code))
    return waiting(charge)


def waiting(charge: Charge) -> Progress:
    """How a charge stands whose outcome isn't known yet."""
    if charge.state == Charge.State.REQUIRES_ACTION:
        return Progress("action", url=charge.action_url)
    return Progress("processing")


def unbill(invoice_id: UUID | None, *, reason: str, at: datetime) -> None:
    """What an invoice was to pay for isn't carried out: a draft is cancelled, so that a payment that comes after all finds
    nothing due and goes back; what a bank transfer was asked for is no longer owed; what was paid already goes back now."""
    if invoice_id is None:
        return
    invoice = Invoice.objects.select_for_update(of=("self",)).get(id=invoice_id)
    if invoice.is_draft and not invoice.is_waiting:
        Invoice.objects.filter(id=invoice.id).update(state=Invoice.State.VOID)
        InvoiceLine.objects.filter(invoice_id=invoice.id).update(is_voided=True)
        return
    if invoice.awaits_transfer:
        crediting.void(invoice, reason=reason, at=at)
        invoice.refresh_from_db()
    if invoice.returnable.minor and not payments.disputed({invoice.id}):
        note = crediting.credit_amount(invoice, amount=invoice.returnable, reason=reason, at=at)
        refunding.pay_back(note, at=at)
