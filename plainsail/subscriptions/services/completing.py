"""Paying off: the last payment of what was bought in parts, or paid after a trial, is made. It is over, and stays the customer's
unless all of it is given back.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import clocks
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import letter
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import access, ending, letter_words, letters, pricing, scheduling


@transaction.atomic
def complete(subscription: Subscription, *, at: datetime) -> bool:
    """End a contract of which every payment was made, and leave open what it opened; False where one is still to come.

    A cancellation that came first stands: its end is the end, as it was promised. Safe to repeat.
    """
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if locked.is_ended or locked.scheduled_end_at is not None or not _is_paid_off(locked):
        return False
    ending.close(locked, reason=Subscription.EndReason.PAID_OFF, at=at)
    _tell(locked, at=at)
    subscription.refresh_from_db()
    return True


def _is_paid_off(subscription: Subscription) -> bool:
    items = list(subscription.items.filter(ends_on=None))
    if not items or scheduling.owed(items):
        return False
    if subscription.dunning_cases.filter(closed_at=None).exists():
        return False
    lines = InvoiceLine.objects.filter(item_id__in=[item.id for item in items], is_voided=False)
    return all(bill.is_paid for bill in Invoice.objects.filter(id__in=lines.values("invoice_id")))


@transaction.atomic
def give_up(invoice_id: UUID, *, at: datetime) -> bool:
    """Close what a paid-off contract left open, once everything paid for it was given back. True if it was; safe to repeat."""
    contract = queries.of_invoice(invoice_id)
    if contract is None or not contract.is_paid_off:
        return False
    lines = InvoiceLine.objects.filter(item_id__in=contract.items.values("id"), is_voided=False)
    if any(bill.returnable for bill in Invoice.objects.filter(id__in=lines.values("invoice_id"))):
        return False
    access.end(contract, at=at)
    return True


def _tell(subscription: Subscription, *, at: datetime) -> None:
    """The friendly last letter: all is paid, nothing more is charged, and it is kept."""
    items = list(queries.standing_items(subscription).select_related("subscription"))
    with translation.override(letters.language_of(subscription)):
        said = letter_words.said("paid_off", subscription)
        html, text = letter(
            said.subject,
            said.paragraphs,
            rows=[
                (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
                (_("Paid off"), "\n".join(_paid(item) for item in items)),
                (_("Charges after this"), _("None")),
            ],
        )
    if subscription.account.email:
        transactional.send(
            kind="subscriptions.paid_off",
            to=subscription.account.email,
            subject=said.subject,
            text=text,
            html=html,
            key=f"paid_off:{subscription.id}",
            at=clocks.wall(at),
            contact_id=subscription.account.contact_id,
        )


def _paid(item: SubscriptionItem) -> str:
    if item.is_once:
        return pricing.named(item, item.price())
    words = ngettext("%(name)s: %(count)d payment", "%(name)s: %(count)d payments", item.payments or 1)
    return words % {"name": item.description, "count": item.payments or 1}
