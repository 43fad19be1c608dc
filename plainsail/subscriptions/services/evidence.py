"""What contracts add to the evidence about a disputed payment: agreement, announcements, payments, cancellations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from plainsail.commerce.models import ConsentRecord, Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.services import evidence as bundles
from plainsail.commerce.sockets import Exhibit, Fact
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import access, agreed, documents, letters, noticing


def exhibits(invoice: Invoice, *, at: datetime) -> Sequence[Exhibit]:
    """The exhibits of the contract that an invoice bills; none where it bills none. `at` is the wall's time."""
    contract = queries.of_invoice(invoice.id)
    if contract is None:
        return []
    return [
        _contract(contract, at=clocks.seller_now(at)),
        *(
            bundles.agreed(consent, key=f"agreed_{number}", title=_("What was agreed to with the contract"))
            for number, consent in enumerate(_consents(contract, invoice), start=1)
        ),
        Exhibit(
            key="payments",
            title=_("Payments of the contract"),
            facts=bundles.payments(queries.invoices_of(contract)),
        ),
        _announced(contract),
        bundles.access(access.SOURCE, contract.id, title=_("Access given by the contract")),
        _cancellations(contract),
    ]


def _contract(contract: Subscription, *, at: datetime) -> Exhibit:
    facts = [
        Fact(label=_("Contract"), text=contract.reference, at=clocks.wall(contract.started_at)),
        *(Fact(label=_("What is paid and when"), text=words) for words in agreed.terms(contract, at=at)),
        Fact(label=_("State"), text=capfirst(contract.get_state_display())),
    ]
    if contract.ended_at is not None:
        text = capfirst(contract.get_end_reason_display())
        facts.append(Fact(label=_("Ended"), text=text, at=clocks.wall(contract.ended_at)))
    return Exhibit(key="contract", title=_("The contract"), facts=facts)


def _consents(contract: Subscription, invoice: Invoice) -> list[ConsentRecord]:
    """Every agreement of a contract's customer, oldest first, but for that of the invoice's own order."""
    orders = ConsentRecord.objects.filter(orders__id=contract.order_id).exclude(orders__id=invoice.order_id)
    found = {
        one.id: one
        for rows in (
            orders,
            ConsentRecord.objects.filter(contracts=contract),
            ConsentRecord.objects.filter(plan_changes__subscription=contract),
            ConsentRecord.objects.filter(addon_orders__subscription=contract),
        )
        for one in rows
    }
    return sorted(found.values(), key=lambda one: (one.at, one.id))


def _announced(contract: Subscription) -> Exhibit:
    facts = [
        Fact(
            label=_("Announced"),
            text=_("%(kind)s: charge on %(day)s")
            % {
                "kind": capfirst(one.notice.get_kind_display()),
                "day": date_format(one.notice.about_on, "DATE_FORMAT"),
            },
            at=clocks.wall(one.sent_at),
        )
        for one in reversed(noticing.told(contract))
        if one.sent_at is not None
    ]
    return Exhibit(key="announced", title=_("Charges that were announced by mail"), facts=facts)


def _cancellations(contract: Subscription) -> Exhibit:
    """Every declaration with its time; that there is none says something too."""
    facts: list[Fact] = []
    papers: dict[str, bytes] = {}
    made = contract.cancellations.select_related("request", "quote", "undo", "subscription__account", "workspace")
    for one in made.order_by("matched_at", "id"):
        number, arrived = one.request.reference, clocks.wall(one.request.received_at)
        text = f"{capfirst(one.request.get_kind_display())}, {one.request.get_door_display()}"
        facts += [
            Fact(label=_("Cancellation %(number)s") % {"number": number}, text=text, at=arrived),
            Fact(label=_("Ends"), text=letters.moment(one.effective_at, contract.timezone)),
        ]
        if one.is_undone:
            words = _("%(number)s no longer counts") % {"number": number}
            facts.append(Fact(label=_("Taken back"), text=words, at=clocks.wall(one.undo.undone_at)))
        papers[f"cancellation-{number}.pdf"] = documents.receipt_pdf(one)
    facts = facts or [Fact(label=_("Cancellations"), text=_("None has arrived."))]
    return Exhibit(key="cancellations", title=_("Cancellations"), facts=facts, papers=papers)
