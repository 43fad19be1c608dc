"""Taking a person out of what the books can do without: who the buyer is today, and how they pay.

Invoices, orders and what was agreed to when buying stay as they were issued: tax law wants them kept, and unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import ngettext

from plainsail.commerce.models import BillingAccount, Invoice
from plainsail.contacts.sockets import Person, Words
from plainsail.kernel import clock
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction
from plainsail.payments.models import PaymentMethod
from plainsail.payments.services import methods

NOWHERE = "erased.invalid"
"""Where no mail arrives (RFC 2606)."""


def accounts(person: Person) -> int:
    """Buyers lose name and address, and a code stands for each. Returns how many rows."""
    rows = list(BillingAccount.objects.filter(contact_id__in=person.ids))
    for row in rows:
        row.email, row.name, row.company = f"{row.id.hex}@{NOWHERE}", "", ""
    BillingAccount.objects.bulk_update(rows, ["email", "name", "company"])
    return len(rows)


def payment_methods(person: Person) -> int:
    """Saved ways of paying are given up, at the gateway as well (soon after). Returns how many rows."""
    payers = BillingAccount.objects.filter(contact_id__in=person.ids).values_list("id", flat=True)
    rows = PaymentMethod.objects.filter(payer_key__in=list(payers))
    business = current_workspace_id()
    for key in rows.exclude(state=PaymentMethod.State.DETACHED).values_list("id", flat=True):
        give_up.later(workspace_id=business, method_id=key)
    return int(rows.update(last4="", exp_month=None, exp_year=None, action_url="", state=PaymentMethod.State.DETACHED))


def in_the_way(person: Person) -> Sequence[Words]:
    """Money that is owed either way, in sentences."""
    owed = Invoice.objects.filter(billing_account__contact_id__in=person.ids, state=Invoice.State.OPEN).count()
    words = ngettext("%(number)d invoice is not paid yet.", "%(number)d invoices are not paid yet.", owed)
    return [words % {"number": owed}] if owed else []


@job("commerce.give_up_method")
@outside_transaction
def give_up(*, workspace_id: UUID, method_id: UUID) -> None:
    """Have the gateway forget a way of paying. Twice is fine."""
    methods.detach(workspace_id, method_id, at=clock.now())
