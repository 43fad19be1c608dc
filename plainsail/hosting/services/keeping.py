"""What stays of a customer who is erased while the business goes on: books and contracts, for as long as its policy says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import BillingAccount, CreditNote, Invoice, Order
from plainsail.contacts.sockets import Keeping, Person
from plainsail.hosting.services import retention
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.payments.models import Charge
from plainsail.subscriptions.models import CancellationRequest, Subscription


def of_person(person: Person, at: datetime) -> list[Keeping]:
    """Invoices, payments, what they agreed to when buying, contracts and cancellations: number and last day. Six aggregates."""
    policy = retention.standing(promised_days=0, at=at)
    zone = Workspace.objects.get(id=current_workspace_id()).timezone
    found: dict[str, tuple[int, datetime | None]] = {}
    for category, rows, dated in _kept(person):
        number, newest = rows.count(), rows.aggregate(newest=Max(dated))["newest"]
        before = found.get(category, (0, None))
        found[category] = (before[0] + number, max((one for one in (before[1], newest) if one), default=None))
    return [
        *(
            Keeping(
                retention.CATEGORIES[category].label
                if category != "consent"
                else _("What they agreed to when buying, with the address"),
                retention.CATEGORIES[category].ground,
                number,
                retention.until(policy, category, since=newest, erased_at=at, zone=zone),
            )
            for category, (number, newest) in found.items()
            if number
        ),
        Keeping(
            _("Backups"),
            _("They are overwritten in turn; whoever restores one has to erase this person again."),
            1,
            retention.after(policy, "backups_max", at, zone=zone),
        ),
    ]


def _kept(person: Person) -> Iterator[tuple[str, QuerySet[Any], str]]:
    accounts = BillingAccount.objects.filter(contact_id__in=person.ids)
    invoices = Invoice.objects.filter(billing_account__in=accounts).exclude(number="")
    yield "invoices", invoices, "issued_at"
    yield "invoices", CreditNote.objects.filter(invoice__in=invoices), "issued_at"
    yield "ledger", Charge.objects.filter(subject_id__in=invoices.values("id")), "settled_at"
    yield "consent", Order.objects.filter(billing_account__in=accounts), "created_at"
    yield "cancellation", Subscription.objects.filter(account__in=accounts), "ended_at"
    yield "cancellation", CancellationRequest.objects.filter(email__in=person.addresses), "received_at"
