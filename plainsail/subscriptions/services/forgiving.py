"""A period that wasn't paid is forgiven: its invoice is credited, nothing is tried again, and the contract goes on.

The period stays billed, so that it is never billed anew, and served: what is paid for next begins where it ends.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import clocks, collecting, crediting, receipts, refunding
from plainsail.kernel.errors import Refusal
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import letter
from plainsail.subscriptions.models import DunningCase
from plainsail.subscriptions.services import completing, dunning, letters
from plainsail.subscriptions.services.overdue import NothingOpen


class BeingPaid(Refusal):
    """A charge is under way, or its outcome isn't known."""

    code = "being_paid"
    message = gettext_lazy("A charge for this is under way. Wait until the bank has answered.")


@transaction.atomic
def forgive(case_id: UUID, *, by: User | None, at: datetime) -> CreditNote:
    """Owe nothing more for a renewal that is late or was declined; what was paid of it comes back. Tells the customer.

    `at` is the seller's time. Raises NothingOpen, BeingPaid.
    """
    case = (
        DunningCase.objects.select_for_update(of=("self",))
        .select_related("subscription__account", "subscription__workspace")
        .filter(id=case_id, closed_at=None)
        .first()
    )
    if case is None:
        raise NothingOpen
    invoice = Invoice.objects.select_for_update(of=("self",)).get(id=case.invoice_id)
    if invoice.due.minor <= 0:
        raise NothingOpen
    if collecting.is_being_paid(invoice):
        raise BeingPaid
    subscription, forgiven = case.subscription, invoice.due
    with translation.override(letters.language_of(subscription)):
        reason = _("Contract %(number)s: forgiven") % {"number": subscription.reference}
    note = crediting.credit_amount(invoice, amount=forgiven, reason=reason, at=at)
    invoice.refresh_from_db()
    if invoice.returnable.minor:
        part = crediting.credit_amount(invoice, amount=invoice.returnable, reason=reason, at=at)
        refunding.pay_back(part, at=at)
    dunning.close(case, at=at)
    audit.record(
        "subscriptions.forgiven",
        by=by,
        at=clocks.wall(at),
        subject=subscription.reference,
        subject_id=subscription.id,
        details={"invoice": invoice.number, "amount_minor": forgiven.minor, "currency": forgiven.currency},
    )
    if subscription.renews_at is None:  # nothing is left to renew: this was the last payment
        completing.complete(subscription, at=at)
    _tell(case, invoice, note, at=at)
    return note


def _tell(case: DunningCase, invoice: Invoice, note: CreditNote, *, at: datetime) -> None:
    subscription = case.subscription
    if not subscription.account.email:
        return
    with translation.override(letters.language_of(subscription)):
        facts = {"contract": subscription.reference, "business": subscription.workspace.name}
        subject = _("Nothing is owed any more: %(contract)s") % facts
        words = _("%(business)s has taken back what was open for contract %(contract)s. It goes on as before.") % facts
        rows = [
            (_("Invoice"), invoice.number),
            (_("Forgiven"), note.gross.format(translation.get_language() or "en")),
            *([(_("Next charge"), letters.next_charge(subscription))] if subscription.renews_at else []),
        ]
        html, text = letter(subject, [words], rows=rows, button=(_("Open the receipt"), receipts.url(invoice)))
    transactional.send(
        kind="subscriptions.forgiven",
        to=subscription.account.email,
        subject=subject,
        text=text,
        html=html,
        key=f"forgiven:{case.id}",
        at=clocks.wall(at),
        contact_id=subscription.account.contact_id,
    )
