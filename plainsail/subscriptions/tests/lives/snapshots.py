"""All of a business's money at a moment, read once and then looked at from many sides."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import JSONField, Model

from plainsail.commerce.models import (
    ConsentRecord,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    JournalEntry,
    LedgerAccount,
    NumberSeries,
    Order,
    Posting,
)
from plainsail.kernel.models import EventRow
from plainsail.kernel.periods import local_date
from plainsail.payments.models import Charge, Dispute, PaymentMethod, Refund, Transfer
from plainsail.portal.models import Grant
from plainsail.subscriptions.models import (
    AddonOrder,
    AddonRemoval,
    Cancellation,
    CancellationQuote,
    CancellationRequest,
    CancellationUndo,
    DateMove,
    DunningCase,
    Notice,
    PlanChange,
    Subscription,
    SubscriptionItem,
)


@dataclass(frozen=True)
class Snapshot:
    """Rows by their ids."""

    now: datetime
    wall: datetime
    resumed_on: dict[UUID, set[date]]
    """On which days resting contracts went on."""
    contracts: dict[UUID, Subscription]
    items: dict[UUID, SubscriptionItem]
    cancellations: dict[UUID, Cancellation]
    cases: dict[UUID, DunningCase]
    notices: dict[UUID, Notice]
    changes: dict[UUID, PlanChange]
    moves: dict[UUID, DateMove]
    added: dict[UUID, AddonOrder]
    removals: dict[UUID, AddonRemoval]
    invoices: dict[UUID, Invoice]
    lines: dict[UUID, InvoiceLine]
    notes: dict[UUID, CreditNote]
    note_lines: dict[UUID, CreditNoteLine]
    charges: dict[UUID, Charge]
    refunds: dict[UUID, Refund]
    disputes: dict[UUID, Dispute]
    methods: dict[UUID, PaymentMethod]
    transfers: dict[UUID, Transfer]
    entries: dict[UUID, JournalEntry]
    postings: dict[UUID, Posting]
    grants: dict[UUID, Grant]
    orders: dict[UUID, Order]
    consents: dict[UUID, ConsentRecord]
    series: dict[UUID, NumberSeries]

    def items_of(self, contract: Subscription) -> list[SubscriptionItem]:
        return [item for item in self.items.values() if item.subscription_id == contract.id]

    def lines_of(self, item: SubscriptionItem) -> list[InvoiceLine]:
        """The item's lines of its own days that count, in their order: not its trial's, nor what is paid once and for no days."""
        found = [line for line in self.all_lines_of(item) if line.period_start and line.period_start >= item.starts_on]
        return sorted(found, key=lambda line: line.period_start or line.created_at.date())

    def all_lines_of(self, item: SubscriptionItem) -> list[InvoiceLine]:
        return [line for line in self.lines.values() if line.item_id == item.id and not self._is_void(line)]

    def voided_ends(self, item: SubscriptionItem) -> set[date | None]:
        """Days on which a period ended that was taken off the books, since it was never paid."""
        return {line.period_end for line in self.lines.values() if line.item_id == item.id and self._is_void(line)}

    def _is_void(self, line: InvoiceLine) -> bool:
        return line.is_voided or self.invoices[line.invoice_id].state == "void"

    def payments_of(self, item: SubscriptionItem) -> list[InvoiceLine]:
        """What was asked for it, once or for its days; its trial doesn't count."""
        return [
            line for line in self.all_lines_of(item) if line.period_start is None or line.period_start >= item.starts_on
        ]

    def change_to(self, item: SubscriptionItem) -> PlanChange | None:
        """The change by which an item took another's place, if it did."""
        return next((one for one in self.changes.values() if one.new_item_id == item.id and one.state == "done"), None)

    def order_of(self, item: SubscriptionItem) -> AddonOrder | None:
        """The order by which an add-on came to a running contract, if it did."""
        return next((one for one in self.added.values() if one.item_id == item.id and one.state == "done"), None)

    def removal_of(self, item: SubscriptionItem) -> AddonRemoval | None:
        """The cancellation of one item that stands, if any."""
        return next((one for one in self.removals.values() if one.item_id == item.id and one.undone_at is None), None)

    def moves_of(self, contract: Subscription) -> list[DateMove]:
        """When its next charge was moved, in order."""
        found = [one for one in self.moves.values() if one.subscription_id == contract.id]
        return sorted(found, key=lambda one: (one.asked_at, one.id))

    def anchors(self, contract: Subscription) -> set[date]:
        """Every day from which its boundaries were ever computed."""
        return {contract.anchor_on, *(one.old_anchor_on for one in self.moves_of(contract))}

    def begun_on(self, contract: Subscription) -> set[date]:
        """Days on which a period began that isn't a boundary's: a rest or a move came before it, or a cut at an end taken back."""
        moved = {day for one in self.moves_of(contract) for day in (one.from_on, one.to_on)}
        return self.resumed_on.get(contract.id, set()) | moved | self.asked_ends(contract)

    def asked_ends(self, contract: Subscription) -> set[date]:
        """Days on which the contract was to end because somebody asked for it, taken back or not."""
        return {
            local_date(one.effective_at, contract.timezone)
            for one in self.cancellations.values()
            if one.subscription_id == contract.id and one.quote.result["charges_after"]
        }

    def listed(self, contract: Subscription) -> dict[str, int]:
        """What the cancellation in force lists: amounts by their days."""
        standing = self.in_force(contract)
        if standing is None:
            return {}
        return {one["on"]: one["amount_minor"] for one in standing.quote.result["charges_after"]}

    def replaced(self) -> set[UUID]:
        """The items whose place another has taken."""
        return {one.old_item_id for one in self.changes.values() if one.state == "done"}

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

    def is_by_transfer(self, charge: Charge) -> bool:
        """Drawn from what its payer sent, not from a card."""
        return self.methods[charge.method_id].is_by_transfer

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
            "added": sorted((name[one.subscription_id], one.digest, one.state) for one in self.added.values()),
            "changes": sorted((name[one.subscription_id], one.digest, one.state) for one in self.changes.values()),
            "items": sorted(
                (
                    name[one.subscription_id],
                    one.unit_minor,
                    str(one.starts_on),
                    str(one.charged_through),
                    str(one.ends_on),
                )
                for one in self.items.values()
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


TABLES: dict[str, type[Model]] = {
    "contracts": Subscription,
    "items": SubscriptionItem,
    "cancellations": Cancellation,
    "requests": CancellationRequest,
    "quotes": CancellationQuote,
    "undos": CancellationUndo,
    "cases": DunningCase,
    "notices": Notice,
    "changes": PlanChange,
    "moves": DateMove,
    "added": AddonOrder,
    "removals": AddonRemoval,
    "invoices": Invoice,
    "lines": InvoiceLine,
    "notes": CreditNote,
    "note_lines": CreditNoteLine,
    "charges": Charge,
    "refunds": Refund,
    "disputes": Dispute,
    "methods": PaymentMethod,
    "transfers": Transfer,
    "entries": JournalEntry,
    "postings": Posting,
    "accounts": LedgerAccount,
    "grants": Grant,
    "orders": Order,
    "consents": ConsentRecord,
    "series": NumberSeries,
}
SKIPPED = {"document", "payload"}


def _fields(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.name not in SKIPPED]


def _select(model: type[Model]) -> str:
    columns = ", ".join(f'"{field.column}"' for field in _fields(model))
    return f"SELECT {columns} FROM {model._meta.db_table}"


EVERYTHING = "; ".join(_select(model) for model in TABLES.values())


def take(*, now: datetime, wall: datetime) -> Snapshot:
    """Read everything, in the open workspace: one question to the database, since it is asked after every step."""
    read: dict[str, dict[UUID, Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(EVERYTHING)
        for name, model in TABLES.items():
            read[name] = _rows(model, cursor.fetchall())
            cursor.nextset()
    undone = {one.cancellation_id: one for one in read.pop("undos").values()}
    requests, quotes, accounts = read.pop("requests"), read.pop("quotes"), read.pop("accounts")
    for made in read["cancellations"].values():
        made.request, made.quote = requests[made.request_id], quotes[made.quote_id]
        made._state.fields_cache["undo"] = undone.get(made.id)
    for posting in read["postings"].values():
        posting.account = accounts[posting.account_id]
    return Snapshot(now=now, wall=wall, resumed_on=_resumed(read["contracts"]), **read)


def _resumed(contracts: dict[UUID, Subscription]) -> dict[UUID, set[date]]:
    days: dict[UUID, set[date]] = defaultdict(set)
    for row in EventRow.objects.filter(name="subscriptions.resumed"):
        key = UUID(row.payload["subscription_id"])
        days[key].add(local_date(row.at, contracts[key].timezone))
    return days


def _rows(model: type[Model], rows: Iterable[Any]) -> dict[UUID, Any]:
    fields = _fields(model)
    names = [field.attname for field in fields]
    found: dict[UUID, Any] = {}
    for row in rows:
        values = [
            json.loads(value) if isinstance(field, JSONField) and isinstance(value, str) else value
            for field, value in zip(fields, row, strict=True)
        ]
        one = model.from_db("default", names, values)
        found[one.pk] = one
    return found
