"""Everything that contracts plug into the rest of the house."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.accounts.sockets import AUDIT_ACTIONS, AuditAction
from plainsail.commerce.events import InvoiceDeclined, InvoicePaid
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.sockets import (
    CLOCK_ACTIONS,
    ORDER_FACTS,
    RECEIPT_NOTES,
    RECURRING,
    SALES_TABS,
    ClockSource,
    ReceiptNote,
    Recurring,
    SalesTab,
)
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import EVENT_WORDING, SEGMENT_FIELDS, EventWording
from plainsail.kernel.events import Event, on
from plainsail.kernel.http import Request, workspace_url
from plainsail.kernel.models import EventRow
from plainsail.kernel.personal_data import PERSONAL_DATA, Kept, PersonalData
from plainsail.payments.models import Charge
from plainsail.payments.sockets import DEPENDENTS
from plainsail.portal.sockets import SECTIONS, PortalSection, Rendered
from plainsail.subscriptions import queries, segment_fields
from plainsail.subscriptions.events import (
    CancellationUndone,
    PlanChanged,
    PlanChangePlanned,
    SubscriptionResumed,
    SubscriptionStarted,
)
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import changing, choosing, contracts, dunning, letters, links, planning, renewal
from plainsail.ui.sockets import FOOTER_LINKS, ROOMS, SETTINGS, FooterLink, SettingsItem

SALES_TABS.register(
    "subscriptions",
    SalesTab(
        label=gettext_lazy("Subscriptions"),
        url="subscriptions:subscriptions",
        order=10,
        pages=("subscriptions:subscription", "subscriptions:record_cancellation"),
    ),
)
SALES_TABS.register(
    "cancellations", SalesTab(label=gettext_lazy("Cancellations"), url="subscriptions:cancellations", order=20)
)
ROOMS.register("subscriptions", "sales")
SETTINGS.register(
    "policies",
    SettingsItem(
        label=gettext_lazy("Policies"),
        url="subscriptions:policies",
        order=55,
        can="subscriptions.manage",
        pages=tuple(
            f"subscriptions:{page}" for page in ("refund_policy", "refund_draft", "dunning_policy", "retention_policy")
        ),
    ),
)
AUDIT_ACTIONS.register(
    "subscriptions.policy_changed", AuditAction(label=gettext_lazy("Changed what is promised to customers"))
)
RECURRING.register("subscriptions", Recurring(begin=contracts.begin))
CLOCK_ACTIONS.register("subscriptions", ClockSource(upcoming=renewal.upcoming, run=renewal.perform))

# The labels are fixed by law (§ 312k BGB; Consumer Rights Directive, art. 11a): change them with a lawyer only.
FOOTER_LINKS.register(
    "cancel", FooterLink(label=gettext_lazy("Cancel contracts here"), url="subscriptions:cancel_here", order=80)
)
FOOTER_LINKS.register(
    "withdraw",
    FooterLink(label=gettext_lazy("Withdraw from contract here"), url="subscriptions:withdraw_here", order=81),
)


@on(InvoicePaid, subscriber="subscriptions.settle")
def settle(event: InvoicePaid) -> None:
    """A renewal was paid."""
    dunning.settle(event.invoice_id, at=event.at)


@on(InvoiceDeclined, subscriber="subscriptions.decline")
def decline(event: InvoiceDeclined) -> None:
    """A renewal’s charge was declined. What a customer tries by themselves doesn’t count."""
    if event.initiator != Charge.Initiator.MERCHANT:
        return
    dunning.decline(event.invoice_id, charge_id=event.charge_id, decline_class=event.decline_class, at=event.at)


@on(InvoicePaid, subscriber="subscriptions.finish_change")
def finish_change(event: InvoicePaid) -> None:
    """Another plan was paid for. The request that took the money does this too; whoever comes second finds it done."""
    changing.finish(event.invoice_id, at=event.at)


@on(InvoiceDeclined, subscriber="subscriptions.fail_change")
def fail_change(event: InvoiceDeclined) -> None:
    """The charge for another plan was declined."""
    changing.fail(event.invoice_id, at=event.at)


def look_again(event: Event) -> None:
    """A letter may fall due before the next renewal does."""
    renewal.look_again(at=event.at)


for happened in (SubscriptionStarted, SubscriptionResumed, CancellationUndone, PlanChanged, PlanChangePlanned):
    on(happened, subscriber="subscriptions.look_again")(look_again)


def cancel_note(invoice: Invoice | None, order: Order | None, *, at: datetime) -> list[ReceiptNote]:
    """On every receipt of a contract: what renews, and the link that cancels it."""
    subscription = _contract_of(invoice, order)
    if subscription is None or subscription.is_ended:
        return []
    text = _("Contract %(number)s renews until you cancel.") % {"number": subscription.reference}
    url = links.absolute(subscription.workspace, links.cancel_path(subscription))
    return [ReceiptNote(text, link_label=_("Cancel subscription"), link_url=url)]


def _contract_of(invoice: Invoice | None, order: Order | None) -> Subscription | None:
    if invoice is not None and (found := queries.of_invoice(invoice.id)):
        return found
    return queries.of_order(order.id) if order is not None else None


RECEIPT_NOTES.register("subscriptions", cancel_note)


def contract_note(order: Order, *, at: datetime) -> list[ReceiptNote]:
    """On the staff's order page: the contract that it began."""
    subscription = queries.of_order(order.id)
    if subscription is None:
        return []
    url = workspace_url(subscription.workspace, "subscriptions:subscription", subscription.id)
    text = _("Began contract %(number)s.") % {"number": subscription.reference}
    return [ReceiptNote(text, link_label=_("Contract"), link_url=url)]


ORDER_FACTS.register("subscriptions", contract_note)


def own_contracts(request: Request, contact: Contact) -> Rendered:
    """The customer's contracts, each with its next charge and its way out."""
    rows = [
        {
            "subscription": subscription,
            "items": list(queries.standing_items(subscription)),
            "next_charge": letters.next_charge(subscription),
            "cancel_path": links.cancel_path(subscription),
            "receipt_path": links.receipt_path(queries.last_cancellation(subscription)),
            "planned": (planned := planning.planned(subscription)),
            "planned_words": planning.words(planned) if planned else "",
            "has_other_plans": bool(choosing.other_prices(subscription)),
        }
        for subscription in queries.of_contact(request.workspace, contact.id)
    ]
    return ("subscriptions/portal.html", {"rows": rows}) if rows else None


SECTIONS.register(
    "subscriptions",
    PortalSection(key="subscriptions", title=gettext_lazy("Subscriptions"), order=20, render=own_contracts),
)


def _say(words: object, row: EventRow) -> str:
    return str(words)


for name, icon, words in (
    ("subscriptions.started", "refresh-cw", gettext_lazy("Subscription began")),
    ("subscriptions.renewed", "refresh-cw", gettext_lazy("Subscription renewed")),
    ("subscriptions.renewal_failed", "circle-alert", gettext_lazy("A renewal could not be charged")),
    ("subscriptions.cancelled", "circle-x", gettext_lazy("Cancelled a subscription")),
    ("subscriptions.cancellation_undone", "undo-2", gettext_lazy("Took a cancellation back")),
    ("subscriptions.plan_changed", "refresh-cw", gettext_lazy("Changed the plan of a subscription")),
    ("subscriptions.plan_change_planned", "calendar", gettext_lazy("Planned another plan for a subscription")),
    ("subscriptions.plan_change_taken_back", "undo-2", gettext_lazy("Took a planned change of plan back")),
    ("subscriptions.paused", "pause", gettext_lazy("Subscription paused")),
    ("subscriptions.resumed", "refresh-cw", gettext_lazy("Subscription goes on")),
    ("subscriptions.ended", "circle-check", gettext_lazy("Subscription ended")),
):
    EVENT_WORDING.register(name, EventWording(label=words, icon=icon, say=partial(_say, words)))


SEGMENT_FIELDS.register("contract", segment_fields.CONTRACT)


def charged_through(account_id: UUID) -> str:
    """How many running contracts are charged through a gateway's account, in words."""
    running = queries.charged_through(account_id)
    words = ngettext(
        "%(running)d subscription is charged through it.", "%(running)d subscriptions are charged through it.", running
    )
    return words % {"running": running} if running else ""


DEPENDENTS.register("subscriptions", charged_through)

KEPT = "evidence of what was agreed and declared: three years from the end of the year (limitation of claims)"
EVIDENCE: dict[str, Kept] = {
    "subscription": Kept(
        category="cancellation", columns=("id", "reference", "account_id", "started_at", "ended_at", "end_reason")
    ),
    "cancellationrequest": Kept(
        category="cancellation",
        columns=("id", "reference", "door", "kind", "received_at"),
        hashed=("email",),
        dated="received_at",
    ),
    "cancellation": Kept(
        category="cancellation",
        columns=("id", "request_id", "subscription_id", "effective_at", "matched_at"),
        dated="effective_at",
    ),
    "repeatedrequest": Kept(category="cancellation", columns=("request_id", "cancellation_id"), dated="created_at"),
    "cancellationundo": Kept(
        category="cancellation", columns=("cancellation_id", "undone_at", "by"), dated="undone_at"
    ),
}
for table, fields in {
    "subscription": ("account_id", "reference"),
    "subscriptionitem": (),
    "planchange": (),
    "cancellationquote": ("result",),
    "cancellationrequest": ("payload", "email", "feedback"),
    "cancellation": (),
    "cancellationundo": (),
    "repeatedrequest": (),
    "dunningcase": (),
    "notice": (),
}.items():
    answer = PersonalData(fields=fields, erase="keep", ground=KEPT, kept=EVIDENCE.get(table))
    PERSONAL_DATA.register(f"subscriptions.{table}", answer)
PERSONAL_DATA.register(
    "subscriptions.policyversion",
    PersonalData(
        fields=("by",), erase="keep", ground="what was promised to customers, and which of the staff wrote it"
    ),
)
