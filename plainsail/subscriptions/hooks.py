"""Everything that contracts plug into the rest of the house."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.accounts.sockets import API_SCOPES, AUDIT_ACTIONS, ApiScope, AuditAction
from plainsail.automations.sockets import ACTIONS, STARTERS, TRIGGERS
from plainsail.commerce.events import (
    InvoiceDeclined,
    InvoicePaid,
    InvoiceRefunded,
    OrderLapsed,
    PaymentDisputed,
    PaymentReleased,
    RefundSettled,
)
from plainsail.commerce.models import CreditNote, Invoice, Order
from plainsail.commerce.services import clocks
from plainsail.commerce.sockets import (
    CLOCK_ACTIONS,
    CONCESSIONS,
    EVIDENCE,
    ORDER_FACTS,
    RECEIPT_NOTES,
    RECURRING,
    SALES_TABS,
    WITHDRAWALS,
    ClockSource,
    ReceiptNote,
    Recurring,
    SalesTab,
    WithdrawalPage,
)
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import ERASURE_OBSTACLES, EVENT_WORDING, SEGMENT_FIELDS, EventWording
from plainsail.kernel.events import Event, on
from plainsail.kernel.http import Request, workspace_url
from plainsail.kernel.models import EventRow
from plainsail.kernel.personal_data import PERSONAL_DATA, Kept, PersonalData
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.payments.events import DisputeDecided
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.sockets import DEPENDENTS
from plainsail.portal.sockets import SECTIONS, PortalSection, Rendered
from plainsail.subscriptions import queries, recipes, segment_fields, vocabulary
from plainsail.subscriptions.events import (
    AddonAdded,
    AddonRemoved,
    CancellationUndone,
    ChargeDateMoved,
    PlanChanged,
    PlanChangePlanned,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionStarted,
)
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import (
    access,
    addons,
    agreed,
    allowances,
    changing,
    choosing,
    completing,
    conceding,
    contracts,
    disputed,
    dunning,
    evidence,
    letter_words,
    letters,
    links,
    planning,
    policies,
    price_rises,
    receipt_notes,
    refund_letters,
    refunds,
    renewal,
    settling,
    team_letters,
)
from plainsail.ui.sockets import FOOTER_LINKS, ROOMS, SETTINGS, FooterLink, SettingsItem

for place, (kind, wording) in enumerate(letter_words.ALL.items()):
    NOTICES.register(
        letter_words.key_of(kind),
        Notice(
            label=wording.label,
            text=wording.when,
            to="customers",
            original=wording.original,
            fields=wording.fields,
            examples=wording.examples,
            may_be_silent=wording.may_be_silent,
            order=50 + place,
        ),
    )

NOTICES.register(
    team_letters.UNMATCHED,
    Notice(
        label=gettext_lazy("Cancellation without a contract"),
        text=gettext_lazy("Somebody cancelled without signing in, and it isn’t clear what: a mail to every owner."),
        to="team",
        original=team_letters.original,
        fields={},
        examples={},
        may_be_silent=True,
        order=13,
    ),
)
SALES_TABS.register(
    "subscriptions",
    SalesTab(
        label=gettext_lazy("Subscriptions"),
        url="subscriptions:subscriptions",
        order=10,
        pages=tuple(
            f"subscriptions:{page}"
            for page in (
                *("subscription", "record_cancellation", "pause", "resume", "move_date"),
                *("addon_offers", "price_rises"),
            )
        ),
    ),
)
SALES_TABS.register(
    "cancellations",
    SalesTab(
        label=gettext_lazy("Cancellations"),
        url="subscriptions:cancellations",
        order=20,
        pages=("subscriptions:reasons", "subscriptions:reason_words"),
    ),
)
API_SCOPES.register(
    "subscriptions",
    ApiScope(
        label=gettext_lazy("Contracts"),
        read=gettext_lazy("Read contracts and what cancelling would do"),
        write=gettext_lazy("Read, cancel, record notices and take cancellations back"),
        order=30,
    ),
)
SALES_TABS.register("overdue", SalesTab(label=gettext_lazy("Unpaid"), url="subscriptions:overdue", order=15))
ROOMS.register("subscriptions", "sales")
SETTINGS.register(
    "policies",
    SettingsItem(
        label=gettext_lazy("Policies"),
        url="subscriptions:policies",
        order=55,
        can="subscriptions.manage",
        pages=tuple(
            f"subscriptions:{page}"
            for page in ("refund_policy", "refund_draft", "dunning_policy", "retention_policy", "pausing_policy")
        ),
    ),
)
AUDIT_ACTIONS.register("subscriptions.addon_offered", AuditAction(label=gettext_lazy("Offered a product as an add-on")))
AUDIT_ACTIONS.register("subscriptions.addon_withdrawn", AuditAction(label=gettext_lazy("Stopped offering an add-on")))
for action, label in {
    "subscriptions.price_planned": gettext_lazy("Planned a new price for running contracts"),
    "subscriptions.price_taken_back": gettext_lazy("Took a planned price back"),
    "subscriptions.told_otherwise": gettext_lazy("Noted that a customer was told of a charge another way"),
    "subscriptions.forgiven": gettext_lazy("Forgave a period that wasn’t paid"),
}.items():
    AUDIT_ACTIONS.register(action, AuditAction(label=label))
AUDIT_ACTIONS.register(
    "subscriptions.policy_changed", AuditAction(label=gettext_lazy("Changed what is promised to customers"))
)
RECURRING.register("subscriptions", Recurring(begin=contracts.begin))
CLOCK_ACTIONS.register(
    "subscriptions", ClockSource(upcoming=renewal.upcoming, run=renewal.perform, moved=access.clock_moved)
)
CLOCK_ACTIONS.register("price_notices", ClockSource(upcoming=price_rises.upcoming, run=price_rises.perform))

# The labels are fixed by law (§ 312k BGB; Consumer Rights Directive, art. 11a): change them with a lawyer only.
FOOTER_LINKS.register(
    "cancel", FooterLink(label=gettext_lazy("Cancel contracts here"), url="subscriptions:cancel_here", order=80)
)
WITHDRAW = gettext_lazy("Withdraw from contract here")
FOOTER_LINKS.register("withdraw", FooterLink(label=WITHDRAW, url="subscriptions:withdraw_here", order=81))
WITHDRAWALS.register(
    "subscriptions",
    WithdrawalPage(label=WITHDRAW, address=lambda business: links.absolute(business, links.WITHDRAW_PATH)),
)


@on(InvoicePaid, subscriber="subscriptions.settle")
def settle(event: InvoicePaid) -> None:
    """A renewal was paid."""
    dunning.settle(event.invoice_id, at=event.at)


@on(SubscriptionRenewed, subscriber="subscriptions.complete")
def complete(event: SubscriptionRenewed) -> None:
    """It may have been the last payment. Whoever settled it has looked already; this is for whoever did not."""
    completing.complete(Subscription.objects.get(id=event.subscription_id), at=event.at)


@on(RefundSettled, subscriber="subscriptions.give_up")
def give_up(event: RefundSettled) -> None:
    """Money went back. Where it was the last of what paid off a contract, nothing stays open."""
    completing.give_up(event.invoice_id, at=event.at)


@on(InvoicePaid, subscriber="subscriptions.adopt_card")
def adopt_card(event: InvoicePaid) -> None:
    """A renewal was paid by its customer, with whichever card: the request does this too, if they come back to it."""
    settling.adopt(event.invoice_id, event.charge_id)


@on(InvoiceDeclined, subscriber="subscriptions.decline")
def decline(event: InvoiceDeclined) -> None:
    """A renewal’s charge was declined. What a customer tries by themselves doesn’t count."""
    if event.initiator != Charge.Initiator.MERCHANT:
        return
    dunning.decline(event.invoice_id, charge_id=event.charge_id, decline_class=event.decline_class, at=event.at)


@on(InvoiceRefunded, subscriber="subscriptions.tell_refund")
def tell_refund(event: InvoiceRefunded) -> None:
    """Money of a renewal is on its way back."""
    refund_letters.tell(CreditNote.objects.select_related("invoice").get(id=event.credit_note_id), at=event.at)


@on(PaymentReleased, subscriber="subscriptions.pay_what_was_held")
def pay_what_was_held(event: PaymentReleased) -> None:
    """The bank has decided for the business: what a cancellation promised and the dispute held back goes back now."""
    refunds.pay_held(event.invoice_id, at=event.at)


@on(PaymentDisputed, subscriber="subscriptions.apologise")
def apologise(event: PaymentDisputed) -> None:
    """A payment was taken after its contract had been cancelled: it was accepted, and the customer is told so."""
    if event.is_accepted:
        charge = Charge.objects.select_related("method").get(id=event.charge_id)
        conceding.apologise(Invoice.objects.get(id=event.invoice_id), charge, at=event.at)


@on(PaymentDisputed, subscriber="subscriptions.hold")
def hold(event: PaymentDisputed) -> None:
    """While the bank decides, nothing more is charged by itself for the contract."""
    if (contract := queries.of_invoice(event.invoice_id)) is not None:
        disputed.hold(contract)


@on(DisputeDecided, subscriber="subscriptions.go_on")
def go_on(event: DisputeDecided) -> None:
    """What waited for the bank's decision is due."""
    if (contract := queries.of_invoice(event.subject_id)) is not None:
        disputed.go_on(contract, at=clocks.seller_now(event.at))


@on(SubscriptionCancelled, subscriber="subscriptions.concede")
def concede(event: SubscriptionCancelled) -> None:
    """A declaration may be found to belong to a contract only after its customer has gone to their bank."""
    conceding.look_again(Subscription.objects.get(id=event.subscription_id), at=event.at)


CONCESSIONS.register("subscriptions", conceding.is_right)
EVIDENCE.register("subscriptions", evidence.exhibits)


@on(OrderLapsed, subscriber="subscriptions.end_unpaid")
def end_unpaid(event: OrderLapsed) -> None:
    """A contract that began before its order was paid ends with it, and so does what it was to pay since."""
    subscription = queries.of_order(event.order_id)
    if subscription is not None and not subscription.is_ended:
        dunning.give_up(subscription, at=event.at)


@on(InvoicePaid, subscriber="subscriptions.finish_change")
def finish_change(event: InvoicePaid) -> None:
    """Another plan was paid for. The request that took the money does this too; whoever comes second finds it done."""
    changing.finish(event.invoice_id, at=event.at)


@on(InvoicePaid, subscriber="subscriptions.finish_addon")
def finish_addon(event: InvoicePaid) -> None:
    """An add-on was paid for. The request that took the money does this too; whoever comes second finds it done."""
    addons.finish(event.invoice_id, at=event.at)


@on(InvoiceDeclined, subscriber="subscriptions.fail_addon")
def fail_addon(event: InvoiceDeclined) -> None:
    """The charge for an add-on was declined. A reminder of a bank transfer is none of these."""
    addons.fail(event.invoice_id, at=event.at)


@on(InvoiceDeclined, subscriber="subscriptions.fail_change")
def fail_change(event: InvoiceDeclined) -> None:
    """The charge for another plan was declined."""
    changing.fail(event.invoice_id, at=event.at)


def look_again(event: Event) -> None:
    """A letter may fall due before the next renewal does."""
    renewal.look_again(at=event.at)


for happened in (
    SubscriptionStarted,
    SubscriptionPaused,
    SubscriptionResumed,
    CancellationUndone,
    ChargeDateMoved,
    PlanChanged,
    PlanChangePlanned,
    AddonAdded,
    AddonRemoved,
):
    on(happened, subscriber="subscriptions.look_again")(look_again)


RECEIPT_NOTES.register("subscriptions", receipt_notes.of)


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
    newest = policies.terms()["pausing"]
    found = list(queries.of_contact(request.workspace, contact.id))
    cards = PaymentMethod.objects.in_bulk([one.payment_method_id for one in found if one.payment_method_id])
    rows = [
        {
            "subscription": subscription,
            "items": (items := list(queries.standing_items(subscription).select_related("subscription", "product"))),
            "terms": agreed.terms_of(subscription, items, at=clocks.seller_now(request.now)),
            "next_charge": letters.next_charge(subscription),
            "card": cards.get(subscription.payment_method_id),
            "pay_path": links.pay_path(subscription),
            "cancel_path": links.cancel_path(subscription),
            "receipt_path": links.receipt_path(queries.last_cancellation(subscription)),
            "planned": (planned := planning.planned(subscription)),
            "planned_words": planning.words(planned) if planned else "",
            "has_other_plans": bool(choosing.other_prices(subscription)),
            "may": allowances.weigh(subscription, newest),
            "runs": subscription.state == Subscription.State.ACTIVE and not subscription.is_ending,
            "rests": subscription.state == Subscription.State.PAUSED and not subscription.is_ending,
            "has_addons": addons.is_of_interest(subscription, at=clocks.seller_now(request.now)),
        }
        for subscription in found
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
    ("subscriptions.addon_added", "plus", gettext_lazy("Added something to a subscription")),
    ("subscriptions.addon_removed", "circle-x", gettext_lazy("Cancelled an add-on")),
    ("subscriptions.paused", "pause", gettext_lazy("Subscription paused")),
    ("subscriptions.resumed", "refresh-cw", gettext_lazy("Subscription goes on")),
    ("subscriptions.charge_date_moved", "calendar", gettext_lazy("Moved the next charge of a subscription")),
    ("subscriptions.ended", "circle-check", gettext_lazy("Subscription ended")),
):
    EVENT_WORDING.register(name, EventWording(label=words, icon=icon, say=partial(_say, words)))


SEGMENT_FIELDS.register("contract", segment_fields.CONTRACT)
SEGMENT_FIELDS.register("overdue", segment_fields.OVERDUE)


def charged_through(account_id: UUID) -> str:
    """How many running contracts are charged through a gateway's account, in words."""
    running = queries.charged_through(account_id)
    words = ngettext(
        "%(running)d subscription is charged through it.", "%(running)d subscriptions are charged through it.", running
    )
    return words % {"running": running} if running else ""


DEPENDENTS.register("subscriptions", charged_through)

KEPT = "evidence of what was agreed and declared: three years from the end of the year (limitation of claims)"
KEPT_OF: dict[str, Kept] = {
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
    "settledrequest": Kept(
        category="cancellation", columns=("request_id", "order_id", "settled_at"), dated="created_at"
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
    "addonoffer": (),
    "pricerise": (),
    "pricenotice": (),
    "addonorder": (),
    "addonremoval": ("quote",),
    "cancellationquote": ("result",),
    "cancellationrequest": ("payload", "email", "feedback"),
    "cancellation": (),
    "cancellationundo": (),
    "settledrequest": ("words", "by"),
    "repeatedrequest": (),
    "dunningcase": (),
    "notice": ("told_how", "told_by"),
    "pause": (),
    "datemove": (),
}.items():
    answer = PersonalData(fields=fields, erase="keep", ground=KEPT, kept=KEPT_OF.get(table))
    PERSONAL_DATA.register(f"subscriptions.{table}", answer)
PERSONAL_DATA.register(
    "subscriptions.policyversion",
    PersonalData(
        fields=("by",), erase="keep", ground="what was promised to customers, and which of the staff wrote it"
    ),
)
ERASURE_OBSTACLES.register("subscriptions", queries.running_contracts)

for order, trigger in enumerate(vocabulary.ALL, 44):
    assert trigger.event is not None, "contracts tell of each"
    TRIGGERS.register(trigger.event.name, replace(trigger, order=order))
ACTIONS.register("subscriptions.cancel", vocabulary.CANCEL)
for key, starter in recipes.ALL.items():
    STARTERS.register(key, starter)
