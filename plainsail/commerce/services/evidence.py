"""What a bank is shown about a disputed payment: a bundle made of what is written down already, nothing added.

All times in it are the wall's, in the seller's zone on paper and as ISO 8601 in the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.commerce import queries
from plainsail.commerce.models import ConsentRecord, Invoice, Order
from plainsail.commerce.services import clocks, documents
from plainsail.commerce.sockets import EVIDENCE, Exhibit, Fact
from plainsail.kernel.countries import country_name
from plainsail.kernel.lazily import Lazily
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.mail.models import Delivery, Stream
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import disputes
from plainsail.portal.events import CustomerSignedIn
from plainsail.portal.models import Grant
from plainsail.tracking.models import Agent, Hit

if TYPE_CHECKING:
    import typst
else:
    typst = Lazily("typst")

TEMPLATE = Path(__file__).resolve().parents[1] / "typst" / "evidence.typ"
MOST = 200
"""So many mails, and as many visits and sign-ins, at most: the newest. A bank reads no more."""
BEFORE = timedelta(hours=1)
"""What happened so shortly before the order belongs to it: the visit on which it was made."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A ZIP file: the evidence on paper and as data, and each document that it names."""

    name: str
    content: bytes


def bundle(dispute: Dispute, *, at: datetime) -> Bundle:
    """Everything that shows that a disputed payment was due, as far as it is known at a moment of the wall's time.

    In the active language. Some dozens of queries, and about a tenth of a second for each document in it. Raises
    Invoice.DoesNotExist where the payment was for no invoice.
    """
    invoice = Invoice.objects.select_related("billing_account__workspace", "order__consent").get(
        id=dispute.charge.subject_id
    )
    exhibits = exhibits_of(dispute, invoice, at=at)
    papers = {name: content for exhibit in exhibits for name, content in exhibit.papers.items()}
    written = {
        "evidence.pdf": _paper(dispute, invoice, exhibits, at=at),
        "evidence.json": _data(dispute, invoice, exhibits, at=at),
        **{f"documents/{name}": content for name, content in papers.items()},
    }
    return Bundle(name=f"evidence-{invoice.number or invoice.id}.zip", content=_zip(written, at=at))


def exhibits_of(dispute: Dispute, invoice: Invoice, *, at: datetime) -> list[Exhibit]:
    """The evidence part by part, the course of events last; parts of which nothing is known are left out."""
    order: Order | None = invoice.order
    account = invoice.billing_account
    since = clocks.wall((order or invoice).created_at) - BEFORE
    found = [
        _payment(dispute, invoice),
        _buyer(invoice, order),
        _bought(invoice),
        *([agreed(order.consent)] if order else []),
        *(exhibit for ask in EVIDENCE for exhibit in ask(invoice, at=at)),
        *([access("order", order.id, title=_("Access given by the order"))] if order else []),
        _use(account.contact_id, since=since, until=at),
        _mails(account.contact_id, since=since),
        _refunds(invoice),
    ]
    told = [exhibit for exhibit in found if exhibit.facts]
    return [*told, _course(told)]


def _payment(dispute: Dispute, invoice: Invoice) -> Exhibit:
    charge, shown = dispute.charge, _shown(dispute.charge.amount)
    facts = [
        Fact(label=_("Disputed"), text=f"{_shown(dispute.amount)}: {disputes.why(dispute)}", at=dispute.created_at),
        Fact(label=_("Dispute"), text=dispute.gateway_ref),
        Fact(label=_("State"), text=capfirst(dispute.get_state_display())),
        Fact(label=_("Paid"), text=f"{shown}, {charge.method}", at=charge.settled_at or charge.created_at),
        Fact(label=_("Payment"), text=charge.gateway_ref),
        Fact(label=_("Started by"), text=capfirst(charge.get_initiator_display())),
        Fact(label=_("Invoice"), text=f"{invoice.number}, {_shown(invoice.gross)}", at=_wall(invoice.issued_at)),
    ]
    papers = {f"{invoice.number}.pdf": documents.pdf(invoice.document)} if invoice.number else {}
    return Exhibit(key="payment", title=_("The payment"), facts=facts, papers=papers)


def _buyer(invoice: Invoice, order: Order | None) -> Exhibit:
    named: Any = order or invoice.billing_account
    facts = [
        Fact(label=_("Name"), text=named.name),
        Fact(label=_("Company"), text=named.company),
        Fact(label=_("E-mail address"), text=named.email),
        Fact(label=_("Country"), text=country_name(named.country, _language()) if named.country else ""),
    ]
    if order is not None:
        facts += [
            Fact(label=_("Order"), text=order.number, at=clocks.wall(order.created_at)),
            Fact(label=_("Network address"), text=order.consent.ip or ""),
            Fact(label=_("Browser"), text=order.consent.user_agent),
        ]
    return Exhibit(key="buyer", title=_("Who bought"), facts=[fact for fact in facts if fact.text])


def _bought(invoice: Invoice) -> Exhibit:
    facts = [
        Fact(label=line.description, text=_shown(Money(line.gross_minor, invoice.currency)) + _days(line))
        for line in invoice.lines.order_by("position")
    ]
    return Exhibit(key="bought", title=_("What was paid for"), facts=facts)


def _days(line: Any) -> str:
    if line.period_start is None or line.period_end is None:
        return ""
    start, last = (date_format(day, "DATE_FORMAT") for day in (line.period_start, line.period_end - timedelta(days=1)))
    return ", " + _("%(start)s to %(end)s") % {"start": start, "end": last}


def agreed(consent: ConsentRecord, *, key: str = "agreed", title: str = "") -> Exhibit:
    """What somebody agreed to, word for word, when and whence."""
    amount = _shown(Money(consent.amount_minor, consent.currency))
    facts = [
        Fact(label=_("Agreed to"), text=consent.text, at=clocks.wall(consent.at)),
        Fact(label=_("Amount"), text=amount),
        Fact(label=_("Network address"), text=consent.ip or ""),
        Fact(label=_("Browser"), text=consent.user_agent),
    ]
    return Exhibit(key=key, title=title or _("What was agreed to"), facts=[fact for fact in facts if fact.text])


def access(source_kind: str, source_id: UUID, *, title: str) -> Exhibit:
    """What was opened to the customer for a reason, and until when."""
    given = Grant.objects.filter(source_kind=source_kind, source_id=source_id).order_by("starts_at", "id")
    names = queries.names_of_resources(grant.resource for grant in given)
    facts: list[Fact] = []
    for grant in given:
        name = names.get(grant.resource, grant.resource)
        facts.append(Fact(label=_("Opened"), text=name, at=grant.starts_at))
        if ended := grant.revoked_at or grant.ends_at:
            facts.append(Fact(label=_("Closed"), text=name, at=ended))
    return Exhibit(key=f"access_{source_kind}", title=title, facts=facts)


def _use(contact_id: UUID | None, *, since: datetime, until: datetime) -> Exhibit:
    """Sign-ins and visits by people; what a program did is none."""
    times = {"at__gte": since, "at__lte": until}
    entered = EventRow.objects.filter(contact_id=contact_id, name=CustomerSignedIn.name, **times).order_by("-at", "-id")
    visits = Hit.objects.filter(contact_id=contact_id, kind="visit", agent=Agent.HUMAN, **times).order_by("-at", "-id")
    facts: list[Fact] = []
    if contact_id is not None:
        facts += [Fact(label=_("Signed in"), text=_("Entered the account"), at=row.at) for row in entered[:MOST]]
        facts += [Fact(label=_("Visited"), text=row.path or "/", at=row.at) for row in visits[:MOST]]
    return Exhibit(key="use", title=_("Use"), facts=_in_order(facts))


def _mails(contact_id: UUID | None, *, since: datetime) -> Exhibit:
    """Mails about the purchase; advertising isn't evidence."""
    sent = Delivery.objects.filter(contact_id=contact_id, stream=Stream.TRANSACTIONAL, due_at__gte=since).order_by(
        "-due_at", "-id"
    )
    rows = [] if contact_id is None else list(sent[:MOST])[::-1]
    return Exhibit(
        key="mails",
        title=_("Mails sent"),
        facts=[Fact(label=row.subject, text=_fate(row), at=row.settled_at) for row in rows],
    )


def _fate(row: Delivery) -> str:
    to = {"address": row.address}
    if row.state == Delivery.State.ACCEPTED:
        return _("To %(address)s: taken by their mail server.") % to
    return f"{_('To %(address)s') % to}: {row.get_state_display()}"


def _refunds(invoice: Invoice) -> Exhibit:
    facts, papers = [], {}
    for note in invoice.credit_notes.order_by("issued_at", "id"):
        text = f"{_shown(note.gross)}: {note.reason}"
        facts.append(
            Fact(label=_("Credit note %(number)s") % {"number": note.number}, text=text, at=_wall(note.issued_at))
        )
        papers[f"{note.number}.pdf"] = documents.pdf(note.document)
    for refund in Refund.objects.filter(charge__subject_id=invoice.id).order_by("created_at", "id"):
        text = f"{_shown(refund.amount)}: {refund.get_state_display()} ({refund.gateway_ref or '–'})"
        facts.append(Fact(label=_("Refund"), text=text, at=refund.settled_at or refund.created_at))
    facts = facts or [Fact(label=_("Refunds"), text=_("None was asked for, and none was made."))]
    return Exhibit(key="refunds", title=_("Refunds"), facts=facts, papers=papers)


def payments(invoices: Iterable[Invoice]) -> list[Fact]:
    """What was paid for each of some invoices, and that nobody disputed it if so."""
    rows = {one.id: one for one in invoices}
    charges = Charge.objects.filter(subject_id__in=list(rows), state=Charge.State.SUCCEEDED).select_related("method")
    found = charges.prefetch_related("disputes").order_by("created_at", "id")
    return [
        Fact(
            label=rows[one.subject_id].number or _("Payment"),
            text=f"{_shown(one.amount)}, {one.method}" + ("" if one.disputes.all() else f", {_('not disputed')}"),
            at=one.settled_at or one.created_at,
        )
        for one in found
    ]


def _course(exhibits: Sequence[Exhibit]) -> Exhibit:
    facts = _in_order(fact for exhibit in exhibits for fact in exhibit.facts)
    return Exhibit(key="course", title=_("Everything in the order in which it happened"), facts=facts)


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    """What happened at a moment, the first first; what is no moment's is left out."""
    dated = [(fact.at, place, fact) for place, fact in enumerate(facts) if fact.at is not None]
    return [fact for _at, _place, fact in sorted(dated, key=lambda one: one[:2])]


def _paper(dispute: Dispute, invoice: Invoice, exhibits: Sequence[Exhibit], *, at: datetime) -> bytes:
    business = invoice.billing_account.workspace
    seller = invoice.document.get("seller", {})
    zone = business.timezone
    page = {
        "lang": _language()[:2],
        "title": _("Evidence about a payment"),
        "lead": _("%(amount)s, paid to %(seller)s. Made on %(moment)s; all times are those of %(zone)s.")
        % {
            "amount": _shown(dispute.amount),
            "seller": seller.get("name") or business.name,
            "moment": _moment(at, zone),
            "zone": zone,
        },
        "test": _("Test document: no money moved") if invoice.is_test else "",
        "seller": [seller.get("name") or business.name, *business.address_lines],
        "exhibits": [
            [exhibit.title, [_row(fact, zone) for fact in exhibit.facts], sorted(exhibit.papers)]
            for exhibit in exhibits
        ],
        "attached": _("In this file:"),
    }
    made: bytes = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"document": json.dumps(page)}, ignore_system_fonts=True
    )
    return made


def _row(fact: Fact, zone: str) -> list[str]:
    return [_moment(fact.at, zone) if fact.at else "", fact.label, fact.text]


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'SHORT_DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')}"


def _data(dispute: Dispute, invoice: Invoice, exhibits: Sequence[Exhibit], *, at: datetime) -> bytes:
    told = {
        "version": 1,
        "made_at": at.isoformat(),
        "dispute": dispute.gateway_ref,
        "charge": dispute.charge.gateway_ref,
        "invoice": invoice.number,
        "is_test": invoice.is_test,
        "exhibits": [
            {
                "key": exhibit.key,
                "title": exhibit.title,
                "facts": [
                    {"at": fact.at.isoformat() if fact.at else "", "label": fact.label, "text": fact.text}
                    for fact in exhibit.facts
                ],
                "documents": sorted(exhibit.papers),
            }
            for exhibit in exhibits
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _zip(written: dict[str, bytes], *, at: datetime) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as file:
        for name, content in written.items():
            file.writestr(ZipInfo(name, at.timetuple()[:6]), content, ZIP_DEFLATED)
    return out.getvalue()


def _wall(at: datetime | None) -> datetime | None:
    return clocks.wall(at) if at is not None else None


def _shown(amount: Money) -> str:
    return amount.format(_language())


def _language() -> str:
    return get_language() or "en"
