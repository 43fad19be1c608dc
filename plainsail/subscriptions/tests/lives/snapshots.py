"""All of a business's money at a moment, read once and then looked at from many sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from plainsail.commerce.models import (
    ConsentRecord,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    JournalEntry,
    NumberSeries,
    Order,
    OrderLine,
    Posting,
)
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.portal.models import Grant
from plainsail.subscriptions.models import Cancellation, DunningCase, Subscription, SubscriptionItem

M = TypeVar("M")


@dataclass(frozen=True)
class Snapshot:
    """Rows by their ids."""

    now: datetime
    contracts: dict[UUID, Subscription]
    items: dict[UUID, SubscriptionItem]
    cancellations: dict[UUID, Cancellation]
    cases: dict[UUID, DunningCase]
    invoices: dict[UUID, Invoice]
    lines: dict[UUID, InvoiceLine]
    notes: dict[UUID, CreditNote]
    note_lines: dict[UUID, CreditNoteLine]
    charges: dict[UUID, Charge]
    refunds: dict[UUID, Refund]
    disputes: dict[UUID, Dispute]
    entries: dict[UUID, JournalEntry]
    postings: dict[UUID, Posting]
    grants: dict[UUID, Grant]
    orders: dict[UUID, Order]
    order_lines: dict[UUID, OrderLine]
    consents: dict[UUID, ConsentRecord]
    series: dict[UUID, NumberSeries]

    def items_of(self, contract: Subscription) -> list[SubscriptionItem]:
        return [item for item in self.items.values() if item.subscription_id == contract.id]

    def lines_of(self, item: SubscriptionItem) -> list[InvoiceLine]:
        """The item's lines that count, in the order of their periods."""
        found = [
            line
            for line in self.lines.values()
            if line.item_id == item.id and not line.is_voided and self.invoices[line.invoice_id].state != "void"
        ]
        return sorted(found, key=lambda line: line.period_start or line.created_at.date())

    def invoices_of(self, contract: Subscription) -> list[Invoice]:
        ids = {item.id for item in self.items_of(contract)}
        found = {line.invoice_id for line in self.lines.values() if line.item_id in ids}
        return [self.invoices[key] for key in found]

    def in_force(self, contract: Subscription) -> Cancellation | None:
        standing = [one for one in self.cancellations.values() if one.subscription_id == contract.id]
        return next((one for one in standing if not one.is_undone), None)

    def credited(self) -> dict[UUID, tuple[int, int, int]]:
        """What notes took of each line: net, tax, gross."""
        sums: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in self.note_lines.values():
            for place, amount in enumerate((one.net_minor, one.tax_minor, one.gross_minor)):
                sums[one.invoice_line_id][place] += amount
        return {key: (net, tax, gross) for key, (net, tax, gross) in sums.items()}

    def disputed_invoices(self) -> set[UUID]:
        return {self.charges[one.charge_id].subject_id for one in self.disputes.values() if one.state != "won"}

    def digest(self) -> Any:
        """The same for two businesses that stand the same, whatever their rows are called and when they were written."""
        # A reference is drawn anew wherever a contract begins; its order is the same one.
        name = {one.id: str(one.order_id or one.reference) for one in self.contracts.values()}
        return {
            "contracts": sorted(
                (name[one.id], one.state, one.end_reason, str(one.renews_at), str(one.scheduled_end_at))
                for one in self.contracts.values()
            ),
            "cases": sorted(
                (name[one.subscription_id], one.tries, str(one.next_try_at), one.closed_at is None)
                for one in self.cases.values()
            ),
            "invoices": sorted(
                (one.gross_minor, one.state, one.paid_minor, one.credited_minor, one.payable_minor)
                for one in self.invoices.values()
            ),
            "charges": sorted((one.amount_minor, one.state) for one in self.charges.values()),
            "refunds": sorted((one.amount_minor, one.state) for one in self.refunds.values()),
            "disputes": sorted((one.amount_minor, one.state) for one in self.disputes.values()),
            "orders": sorted((one.number, one.state) for one in self.orders.values()),
            "balances": sorted(self.balances().items()),
            "grants": sorted((one.resource, one.revoked_at is None) for one in self.grants.values()),
        }

    def balances(self) -> dict[tuple[str, str, str], int]:
        sums: dict[tuple[str, str, str], int] = defaultdict(int)
        for one in self.postings.values():
            sums[one.account.kind, one.account.subject, one.currency] += one.amount_minor
        return {key: amount for key, amount in sums.items() if amount}


def take(*, now: datetime) -> Snapshot:
    """Read everything, in the open workspace."""
    return Snapshot(
        now=now,
        contracts=_by_id(Subscription.objects.select_related("account")),
        items=_by_id(SubscriptionItem.objects.select_related("subscription")),
        cancellations=_by_id(Cancellation.objects.select_related("request", "quote", "undo")),
        cases=_by_id(DunningCase.objects.all()),
        invoices=_by_id(Invoice.objects.defer("document")),
        lines=_by_id(InvoiceLine.objects.all()),
        notes=_by_id(CreditNote.objects.defer("document")),
        note_lines=_by_id(CreditNoteLine.objects.all()),
        charges=_by_id(Charge.objects.all()),
        refunds=_by_id(Refund.objects.all()),
        disputes=_by_id(Dispute.objects.all()),
        entries=_by_id(JournalEntry.objects.all()),
        postings=_by_id(Posting.objects.select_related("account")),
        grants=_by_id(Grant.objects.all()),
        orders=_by_id(Order.objects.all()),
        order_lines=_by_id(OrderLine.objects.all()),
        consents=_by_id(ConsentRecord.objects.all()),
        series=_by_id(NumberSeries.objects.all()),
    )


def _by_id(rows: Iterable[Any]) -> dict[UUID, Any]:
    return {row.id: row for row in rows}
