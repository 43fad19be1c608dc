"""A dearer plan of a contract that is paid by bank transfer: an open invoice asks for its money, and it begins when that comes.

The invoice is for the days from the day of asking on. Those that pass until the money comes are not the new plan's: they
are credited, as the old plan's unused days are then and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, crediting, invoicing, refunding, transfer_orders
from plainsail.kernel import due
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import PlanChange, Subscription
from plainsail.subscriptions.services import letters, reminding
from plainsail.subscriptions.services.ending import CONTRACTS
from plainsail.subscriptions.services.presses import Progress, Settle
from plainsail.subscriptions.services.switching import Quote

ON_ITS_WAY = timedelta(days=3)
"""What is sent on the last day takes so long over a weekend."""


def issue(subscription: Subscription, change: PlanChange, draft: Invoice, *, at: datetime) -> Invoice | None:
    """Make a change's draft an open invoice to be paid by transfer; None where the contract is paid otherwise.

    The contract's row is locked by the caller.
    """
    reference, due_on = reminding.terms(subscription, at=at)
    if not reference or due_on is None:
        return None
    draft.payment_reference, draft.due_on = reference, due_on
    draft.save(update_fields=["payment_reference", "due_on"])
    change.lapses_at = day_start(due_on + timedelta(days=1), subscription.timezone) + ON_ITS_WAY
    change.save(update_fields=["lapses_at"])
    due.schedule(CONTRACTS, clocks.wall(change.lapses_at))
    return invoicing.finalize(draft, at=at)


def ask(
    workspace_id: UUID, invoice_id: UUID, *, finish: Settle, state_of: Callable[[UUID], str], at: datetime
) -> Progress:
    """Draw on the payer's credit, and say how to send what is left. Outside any transaction; twice is fine."""
    transfer_orders.tell(workspace_id, invoice_id, at=at)
    with workspace(workspace_id):
        finish(invoice_id, at=at)
        if state_of(invoice_id) == PlanChange.State.DONE:
            return Progress("done")
        return asked_for(invoice_id)


def asked_for(invoice_id: UUID) -> Progress:
    """That the money is waited for, and where it says how to send it. Changes nothing."""
    return Progress("asked", url=transfer_orders.url(Invoice.objects.get(id=invoice_id)))


def keep_to_days(
    subscription: Subscription, change: PlanChange, asked: Quote, of_today: Quote, *, at: datetime
) -> None:
    """The money came: what was asked for days that have passed goes back, and the change is the one of today."""
    change.carried = of_today.as_json()
    change.save(update_fields=["carried"])
    passed = asked.charge_minor - of_today.charge_minor
    if passed:
        with translation.override(letters.language_of(subscription)):
            reason = _("Contract %(number)s: days before the new plan began") % {"number": subscription.reference}
        invoice = Invoice.objects.get(id=change.invoice_id)
        note = crediting.credit_amount(invoice, amount=Money(passed, asked.currency), reason=reason, at=at)
        refunding.pay_back(note, at=at)
