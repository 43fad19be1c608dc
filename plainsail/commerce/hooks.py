"""Everything that commerce plugs into others, and what it listens to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from plainsail.accounts.sockets import API_SCOPES, AUDIT_ACTIONS, ApiScope, AuditAction
from plainsail.automations.sockets import ACTIONS, STARTERS, TRIGGERS
from plainsail.blocks.sockets import REFERENCES, ReferenceKind
from plainsail.commerce import privacy, queries, recipes, segment_fields, vocabulary
from plainsail.commerce.events import (
    InvoicePaid,
    OrderGivenAhead,
    OrderLapsed,
    OrderPaid,
    OrderRefunded,
    PaymentDisputed,
    RefundBounced,
    VatIdAnswered,
)
from plainsail.commerce.models import CreditNote, Invoice, Order, Product
from plainsail.commerce.services import (
    clocks,
    collecting,
    disputing,
    earning,
    forgetting,
    lapsing,
    receipts,
    refunding,
    resuming,
    showcase,
    team_letters,
    transfer_orders,
    vat_letters,
)
from plainsail.commerce.sockets import CLOCK_ACTIONS, SALES_TABS, ClockSource, SalesTab
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import (
    ERASURE_OBSTACLES,
    EVENT_WORDING,
    EXPORTED,
    SCORABLE,
    SEGMENT_FAMILIES,
    SEGMENT_FIELDS,
    TAKEN_OUT,
    TIMELINE_GROUPS,
    EventWording,
    ExportedTable,
    Scorable,
    TimelineGroup,
)
from plainsail.kernel.events import on
from plainsail.kernel.http import Request, workspace_url
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.kernel.personal_data import PERSONAL_DATA
from plainsail.mail.services import tallies
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.pages.services import splitting
from plainsail.payments.events import (
    ChargeFailed,
    ChargeSucceeded,
    DisputeDecided,
    DisputeOpened,
    MethodConfirmed,
    RefundFailed,
    RefundSucceeded,
)
from plainsail.portal.services import grants
from plainsail.portal.sockets import SECTIONS, PortalSection, Rendered
from plainsail.ui.sockets import CREATE, MENU, SETTINGS, CreateItem, MenuItem, SettingsItem

EXPORTED.register("orders", ExportedTable(columns=queries.ORDER_COLUMNS, rows=queries.orders_of_contacts, order=10))
REFERENCES.register("offer", ReferenceKind(label=gettext_lazy("Offer"), options=showcase.options, cards=showcase.cards))
MENU.register(
    "sales",
    MenuItem(
        label=gettext_lazy("Sales"),
        icon="shopping-cart",
        url="commerce:orders",
        order=60,
        can="commerce.view",
        areas=("payments",),
        on_phone=True,
    ),
)
CREATE.register(
    "product",
    CreateItem(
        label=gettext_lazy("Product"), icon="package", url="commerce:new_product", order=60, can="commerce.change"
    ),
)
API_SCOPES.register(
    "commerce",
    ApiScope(
        label=gettext_lazy("Sales"),
        read=gettext_lazy("Read orders, invoices and the test clock"),
        write=gettext_lazy("Read, and move the test clock ahead"),
        order=20,
    ),
)
SETTINGS.register(
    "selling",
    SettingsItem(
        label=gettext_lazy("Selling"),
        url="commerce:selling",
        order=50,
        can="commerce.manage",
        pages=("commerce:test_mode",),
    ),
)
SETTINGS.register(
    "payments",
    SettingsItem(
        label=gettext_lazy("Payments"),
        url="commerce:gateways",
        order=51,
        can="commerce.own",
        pages=("commerce:gateway_messages", "commerce:bank_account"),
    ),
)
SALES_TABS.register(
    "transfers",
    SalesTab(
        label=gettext_lazy("Bank transfers"),
        url="commerce:transfers",
        order=5,
        pages=("commerce:received", "commerce:statement", "commerce:statement_columns"),
    ),
)


@on(MethodConfirmed, subscriber="commerce.resume_checkout")
def resume_checkout(event: MethodConfirmed) -> None:
    """The card that an order waits for is there."""
    for order in Order.objects.filter(method_id=event.method_id, state=Order.State.OPEN).order_by("id"):
        resuming.resume.later(order_id=order.id, method_id=event.method_id)


CLOCK_ACTIONS.register(
    "commerce", ClockSource(upcoming=lapsing.upcoming, run=lapsing.perform, moved=earning.clock_moved)
)


@on(ChargeSucceeded, subscriber="commerce.settle_charge")
def settle_charge(event: ChargeSucceeded) -> None:
    """The request that took the money does this too; whoever comes second finds it done."""
    collecting.settle(event.charge_id)


@on(ChargeFailed, subscriber="commerce.note_decline")
def note_decline(event: ChargeFailed) -> None:
    collecting.note_decline(event.charge_id)


@on(RefundSucceeded, subscriber="commerce.settle_refund")
def settle_refund(event: RefundSucceeded) -> None:
    refunding.settle(event.refund_id)


@on(RefundFailed, subscriber="commerce.settle_refund")
def settle_failed_refund(event: RefundFailed) -> None:
    refunding.settle(event.refund_id)


@on(DisputeOpened, subscriber="commerce.hold_disputed")
def hold_disputed(event: DisputeOpened) -> None:
    disputing.hold(event.dispute_id)


@on(DisputeDecided, subscriber="commerce.release_disputed")
def settle_disputed(event: DisputeDecided) -> None:
    settle = disputing.release if event.is_won else disputing.write_off
    settle(event.dispute_id, at=event.at)


@on(InvoicePaid, subscriber="commerce.send_receipt")
def send_receipt(event: InvoicePaid) -> None:
    receipts.send(Invoice.objects.get(id=event.invoice_id), at=event.at)


@on(OrderPaid, subscriber="commerce.send_receipt")
def confirm_order(event: OrderPaid) -> None:
    """Where something was charged, the invoice's receipt is the confirmation."""
    if event.amount_minor == 0:
        receipts.send_for_order(Order.objects.get(id=event.order_id), at=event.at)


BUSINESS_NAME = gettext_lazy("Name of your business")
NOTICES.register(
    receipts.LETTER,
    Notice(
        label=gettext_lazy("Receipt"),
        text=gettext_lazy("An order or a renewal is paid."),
        to="customers",
        original=receipts.original,
        fields={
            "amount": gettext_lazy("Amount"),
            "number": gettext_lazy("Number of the invoice"),
            "business": BUSINESS_NAME,
        },
        examples={"amount": "€49.00", "number": "2026-0042", "business": "Juniper Pottery Studio"},
        order=20,
    ),
)
NOTICES.register(
    receipts.REFUND_LETTER,
    Notice(
        label=gettext_lazy("Refund"),
        text=gettext_lazy("Money is on its way back to a buyer."),
        to="customers",
        original=receipts.original_refund,
        fields={
            "amount": gettext_lazy("Amount"),
            "number": gettext_lazy("Number of the credit note"),
            "business": BUSINESS_NAME,
        },
        examples={"amount": "€49.00", "number": "2026-C-0007", "business": "Juniper Pottery Studio"},
        may_be_silent=True,
        order=30,
    ),
)
for place, (kind, label, when, original) in enumerate(
    [
        (
            transfer_orders.LETTER,
            gettext_lazy("Bank transfer"),
            gettext_lazy("Somebody pays by bank transfer: how, how much, and with which reference."),
            transfer_orders.original,
        ),
        (
            transfer_orders.REMINDER,
            gettext_lazy("Bank transfer, reminder"),
            gettext_lazy("A bank transfer has not arrived yet."),
            transfer_orders.original_reminder,
        ),
    ]
):
    NOTICES.register(
        kind,
        Notice(
            label=label,
            text=when,
            to="customers",
            original=original,
            fields={"amount": gettext_lazy("Amount"), "business": BUSINESS_NAME},
            examples={"amount": "€49.00", "business": "Juniper Pottery Studio"},
            order=31 + place,
        ),
    )
for kind, notice in team_letters.NOTICES.items():
    NOTICES.register(kind, notice)


@on(OrderPaid, subscriber="commerce.tell_team")
def tell_team(event: OrderPaid) -> None:
    order = Order.objects.select_related("billing_account", "workspace").get(id=event.order_id)
    if event.amount_minor and not order.is_test:
        team_letters.tell_order(order, at=event.at)


@on(RefundBounced, subscriber="commerce.tell_team")
def tell_bounced(event: RefundBounced) -> None:
    invoice = Invoice.objects.select_related("billing_account__workspace").get(id=event.invoice_id)
    amount = Money(event.amount_minor, event.currency)
    team_letters.tell_bounced(invoice, amount, refund_id=event.refund_id, at=event.at)


@on(PaymentDisputed, subscriber="commerce.tell_team")
def tell_disputed(event: PaymentDisputed) -> None:
    invoice = Invoice.objects.select_related("billing_account__workspace").get(id=event.invoice_id)
    tell = team_letters.tell_accepted if event.is_accepted else team_letters.tell_disputed
    tell(invoice, charge_id=event.charge_id, at=event.at)


@on(OrderPaid, subscriber="commerce.credit_mail")
def credit_mail(event: OrderPaid) -> None:
    """Tell the mail that brought the buyer what it earned; orders of a seller in test mode earn nothing."""
    order = Order.objects.get(id=event.order_id)
    if event.amount_minor and event.contact_id is not None and not order.is_test:
        tallies.hear_sale(
            order_id=order.id,
            contact_id=event.contact_id,
            minor=event.amount_minor,
            currency=event.currency,
            at=event.at,
        )


@on(OrderRefunded, subscriber="commerce.credit_mail")
def debit_mail(event: OrderRefunded) -> None:
    tallies.hear_refund(order_id=event.order_id, minor=event.amount_minor, at=event.at)


@on(OrderPaid, subscriber="commerce.credit_page")
def credit_page(event: OrderPaid) -> None:
    """Tell the variant of a page that the buyer saw what it earned; orders of a seller in test mode earn nothing."""
    order = Order.objects.get(id=event.order_id)
    if event.amount_minor and event.contact_id is not None and not order.is_test:
        splitting.hear_sale(
            subject_id=order.id,
            contact_id=event.contact_id,
            minor=event.amount_minor,
            currency=event.currency,
            at=event.at,
        )


@on(OrderRefunded, subscriber="commerce.credit_page")
def debit_page(event: OrderRefunded) -> None:
    splitting.hear_refund(subject_id=event.order_id, minor=event.amount_minor)


@on(OrderRefunded, subscriber="commerce.send_receipt")
def announce_refund(event: OrderRefunded) -> None:
    receipts.send_refund(CreditNote.objects.get(id=event.credit_note_id), at=event.at)


@on(VatIdAnswered, subscriber="commerce.tell_vat_answer")
def tell_vat_answer(event: VatIdAnswered) -> None:
    invoice = Invoice.objects.select_related("billing_account", "order").get(id=event.invoice_id)
    returned = Money(event.returned_minor, event.currency)
    vat_letters.tell(invoice, vat_id=event.vat_id, is_valid=event.is_valid, returned=returned, at=event.at)


@on(OrderPaid, subscriber="commerce.give_access")
def give_access(event: OrderPaid) -> None:
    _give_access(event.order_id, at=event.at)


def _give_access(order_id: UUID, *, at: datetime) -> None:
    """What was bought for good may be used for good. Access by a contract is the contract's to give.

    That it was paid back, or lapsed, may have been heard before. Locked, so that it can't be meanwhile.
    """
    locked = Order.objects.select_for_update(of=("self",)).select_related("billing_account__contact")
    order = locked.get(id=order_id)
    contact = order.billing_account.contact
    if contact is None:
        return
    for line in order.lines.filter(item_id=None).select_related("product").order_by("position"):
        grants.give(
            contact,
            resource=line.product.resource_key,
            source_kind="order",
            source_id=order.id,
            at=clocks.wall(at),
        )
    if order.is_refunded or order.state == Order.State.EXPIRED:
        grants.end_source(source_kind="order", source_id=order.id, at=clocks.wall(at))


@on(OrderGivenAhead, subscriber="commerce.give_access")
def give_access_ahead(event: OrderGivenAhead) -> None:
    _give_access(event.order_id, at=event.at)


@on(OrderLapsed, subscriber="commerce.end_access")
def end_unpaid_access(event: OrderLapsed) -> None:
    """What was given ahead and not paid for can't be used any more."""
    grants.end_source(source_kind="order", source_id=event.order_id, at=clocks.wall(event.at))


@on(OrderRefunded, subscriber="commerce.end_access")
def end_access(event: OrderRefunded) -> None:
    """What was wholly given back can't be used any more."""
    if event.is_full:
        grants.end_source(source_kind="order", source_id=event.order_id, at=clocks.wall(event.at))


def purchases(request: Request, contact: Contact) -> Rendered:
    """The customer's orders and receipts; nothing before the first."""
    rows = [(row, receipts.token_of(row.subject)) for row in queries.purchases_of(contact)]
    return ("commerce/portal_purchases.html", {"rows": rows}) if rows else None


SECTIONS.register(
    "purchases",
    PortalSection(key="purchases", title=gettext_lazy("Orders and receipts"), order=30, render=purchases),
)


def _amount(row: EventRow) -> str:
    return Money(row.payload["amount_minor"], row.payload["currency"]).format(get_language() or "en")


def _products(row: EventRow) -> str:
    found = Product.objects.filter(id__in=row.payload["product_ids"]).order_by("name", "id")
    return ", ".join(found.values_list("name", flat=True)) or _("a deleted product")


def _order_link(row: EventRow) -> str:
    return workspace_url(row.workspace, "commerce:order", UUID(row.payload["order_id"]))


TIMELINE_GROUPS.register(
    "sales", TimelineGroup(label=gettext_lazy("Sales"), kinds=frozenset({"commerce", "subscriptions"}), order=20)
)
SCORABLE.register("commerce.order_paid", Scorable(label=gettext_lazy("Pays for an order"), order=70))
EVENT_WORDING.register(
    "commerce.order_paid",
    EventWording(
        label=gettext_lazy("Paid for an order"),
        icon="shopping-cart",
        say=lambda row: _("Bought “%(products)s” (%(amount)s)") % {"products": _products(row), "amount": _amount(row)},
        link=_order_link,
    ),
)
EVENT_WORDING.register(
    "commerce.checkout_started",
    EventWording(
        label=gettext_lazy("Started a checkout"),
        icon="shopping-cart",
        say=lambda row: _("Sent the form of a checkout"),
        link=_order_link,
    ),
)
EVENT_WORDING.register(
    "commerce.checkout_declined",
    EventWording(
        label=gettext_lazy("Was declined by the bank"),
        icon="credit-card",
        say=lambda row: _("Tried to pay; the bank declined"),
        link=_order_link,
    ),
)
EVENT_WORDING.register(
    "commerce.order_refunded",
    EventWording(
        label=gettext_lazy("Was refunded"),
        icon="undo-2",
        say=lambda row: _("Was refunded %(amount)s") % {"amount": _amount(row)},
        link=_order_link,
    ),
)
EVENT_WORDING.register(
    "commerce.payment_disputed",
    EventWording(
        label=gettext_lazy("Disputed a payment"),
        icon="circle-alert",
        say=lambda row: _("Disputes a payment with the bank"),
    ),
)


TRIGGERS.register("commerce.checkout_started", vocabulary.STARTED)
TRIGGERS.register("commerce.order_paid", vocabulary.BOUGHT)
TRIGGERS.register("commerce.order_refunded", vocabulary.REFUNDED)
TRIGGERS.register("commerce.checkout_declined", vocabulary.DECLINED)
TRIGGERS.register("commerce.left_cart", vocabulary.LEFT_CART)
TRIGGERS.register("portal.access_given", vocabulary.ACCESS_GIVEN)
TRIGGERS.register("portal.access_ended", vocabulary.ACCESS_ENDED)
ACTIONS.register("commerce.give_access", vocabulary.GIVE_ACCESS)
ACTIONS.register("commerce.end_access", vocabulary.END_ACCESS)

SEGMENT_FIELDS.register("bought", segment_fields.BOUGHT)
SEGMENT_FIELDS.register("refunded", segment_fields.REFUNDED)
SEGMENT_FAMILIES.register("spent", segment_fields.SPENT)

for action, label in {
    "commerce.order_refunded": gettext_lazy("Refunded an order"),
    "commerce.seller_changed": gettext_lazy("Changed the seller’s details"),
    "commerce.product_created": gettext_lazy("Created a product"),
    "commerce.product_archived": gettext_lazy("Archived a product"),
    "commerce.tax_rate_set": gettext_lazy("Set a tax rate for a country"),
    "commerce.tax_rate_removed": gettext_lazy("Removed a tax rate for a country"),
    "commerce.invoice_issued_unchecked": gettext_lazy("Issued an invoice without waiting for VIES"),
    "commerce.clock_moved": gettext_lazy("Moved the test clock"),
    "commerce.gateway_connected": gettext_lazy("Connected a payment service"),
    "commerce.gateway_chosen": gettext_lazy("Chose how new orders are paid"),
    "commerce.bank_account_kept": gettext_lazy("Changed the bank account for transfers"),
    "commerce.transfer_noted": gettext_lazy("Noted a bank transfer"),
    "commerce.transfer_set_aside": gettext_lazy("Set a bank transfer aside"),
    "commerce.refund_sent": gettext_lazy("Noted that money was sent back"),
    "commerce.refunded_by_hand": gettext_lazy("Paid back by hand what a payment service could not"),
    "commerce.statement_read": gettext_lazy("Imported a bank statement"),
    "commerce.gateway_disconnected": gettext_lazy("Disconnected a payment service"),
}.items():
    AUDIT_ACTIONS.register(action, AuditAction(label=label))

for table, answer in privacy.TABLES.items():
    PERSONAL_DATA.register(f"commerce.{table}", answer)

# The payer is found by the buyer's account, so what they pay with goes first.
TAKEN_OUT.register("payments.paymentmethod", forgetting.payment_methods)
TAKEN_OUT.register("commerce.billingaccount", forgetting.accounts)
ERASURE_OBSTACLES.register("commerce", forgetting.in_the_way)

for key, starter in recipes.ALL.items():
    STARTERS.register(key, starter)
