"""What the team hears by mail about sales, where it wants to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import hosts
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import clocks
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.mail.services import letters, notices, transactional
from plainsail.mail.sockets import Notice
from plainsail.payments.models import Dispute

NEW_ORDER, REFUND_FAILED, DISPUTED = "commerce.team_order", "commerce.team_refund_failed", "commerce.team_disputed"
ACCEPTED = "commerce.team_dispute_accepted"
Words = Callable[[dict[str, str]], tuple[str, list[str]]]


def tell_order(order: Order, *, at: datetime) -> None:
    """Tell the owners that somebody bought, once for each order, where the notice is switched on."""
    if not notices.is_on(NEW_ORDER):
        return
    business = order.workspace
    with override(business.locale):
        amount = Money(order.total_minor, order.currency).format(get_language() or "en")
        values = {"amount": amount, "buyer": order.billing_account.email}
        subject, words = _words(values)
        said = notices.said(NEW_ORDER, subject=subject, paragraphs=words, values=values)
        letter = letters.letter(said.subject, said.paragraphs, rows=[(_("Total"), amount)])
    _to_owners(business, NEW_ORDER, said, letter, key=str(order.id), at=at)


def tell_bounced(invoice: Invoice, amount: Money, *, refund_id: UUID, at: datetime) -> None:
    """Tell the owners that a customer's bank sent a refund back, once for each."""
    _tell(REFUND_FAILED, _bounced, invoice, amount, key=str(refund_id), at=at)


def tell_disputed(invoice: Invoice, *, charge_id: UUID, at: datetime) -> None:
    """Tell the owners that a customer told the bank that a payment is wrong, once for each payment."""
    open_ones = Dispute.objects.filter(charge_id=charge_id, answer_by__isnull=False).order_by("answer_by")
    answer_by = open_ones.values_list("answer_by", flat=True).first()
    _tell(DISPUTED, _disputed, invoice, invoice.gross, key=str(charge_id), at=at, answer_by=answer_by)


def tell_accepted(invoice: Invoice, *, charge_id: UUID, at: datetime) -> None:
    """Tell the owners that a disputed payment was taken after its customer had cancelled, and so goes back; once for each."""
    _tell(ACCEPTED, _accepted, invoice, invoice.gross, key=str(charge_id), at=at)


def _tell(
    kind: str,
    words: Words,
    invoice: Invoice,
    amount: Money,
    *,
    key: str,
    at: datetime,
    answer_by: datetime | None = None,
) -> None:
    if invoice.is_test or not notices.is_on(kind):
        return
    business = invoice.billing_account.workspace
    with override(business.locale):
        values = {"amount": amount.format(get_language() or "en"), "buyer": invoice.billing_account.email}
        subject, paragraphs = words(values)
        said = notices.said(kind, subject=subject, paragraphs=paragraphs, values=values)
        rows = [(_("Invoice"), invoice.number), (_("Amount"), values["amount"])]
        if answer_by is not None:
            local = answer_by.astimezone(ZoneInfo(business.timezone))
            rows.append((_("Answer by"), date_format(local, "DATETIME_FORMAT")))
        page = hosts.app_url(f"/w/{business.slug}/sales/refunds/")
        letter = letters.letter(said.subject, said.paragraphs, rows=rows, button=(_("See what to do"), page))
    _to_owners(business, kind, said, letter, key=key, at=at)


def _to_owners(
    business: Workspace, kind: str, said: notices.Said, letter: letters.Letter, *, key: str, at: datetime
) -> None:
    owners = Membership.objects.filter(workspace=business, role=Role.OWNER).select_related("user")
    for owner in owners:
        transactional.send(
            kind,
            to=owner.user.email,
            subject=said.subject,
            text=letter.text,
            html=letter.html,
            key=f"{key}:{owner.user_id}",
            at=clocks.wall(at),
        )


def _words(values: dict[str, str]) -> tuple[str, list[str]]:
    return _("New order: %(amount)s") % values, [_("%(buyer)s bought something for %(amount)s.") % values]


def _bounced(values: dict[str, str]) -> tuple[str, list[str]]:
    return _("A refund came back: %(amount)s") % values, [
        _(
            "%(buyer)s was to get %(amount)s back, but their bank sent it back. They still have no money: try again, or "
            "pay it back another way."
        )
        % values
    ]


def _disputed(values: dict[str, str]) -> tuple[str, list[str]]:
    return _("A payment is disputed: %(amount)s") % values, [
        _(
            "%(buyer)s told their bank that a payment of %(amount)s is wrong. The bank holds the money and decides. Answer "
            "it in your payment service in time."
        )
        % values,
        _("The evidence for it is ready: one file, beside the dispute."),
    ]


def _accepted(values: dict[str, str]) -> tuple[str, list[str]]:
    return _("A disputed payment goes back: %(amount)s") % values, [
        _(
            "%(buyer)s told their bank that they had cancelled before a payment of %(amount)s was taken. They had, so it was "
            "accepted for you: the bank gives the money back, and the customer was told that you are sorry. There is "
            "nothing to do."
        )
        % values
    ]


def _original(words: Words) -> Callable[[], tuple[str, str]]:
    def original() -> tuple[str, str]:
        subject, paragraphs = words({"amount": "{{amount}}", "buyer": "{{buyer}}"})
        return subject, "\n\n".join(paragraphs)

    return original


NOTICES: dict[str, Notice] = {
    kind: Notice(
        label=label,
        text=text,
        to="team",
        original=_original(words),
        fields={"amount": gettext_lazy("Amount"), "buyer": gettext_lazy("The buyer’s address")},
        examples={"amount": "€49.00", "buyer": "maren@example.com"},
        may_be_silent=True,
        starts_on=kind != NEW_ORDER,
        order=10 + place,
    )
    for place, (kind, label, text, words) in enumerate(
        [
            (
                NEW_ORDER,
                gettext_lazy("New order"),
                gettext_lazy("Somebody bought something: a mail to every owner."),
                _words,
            ),
            (
                REFUND_FAILED,
                gettext_lazy("Refund came back"),
                gettext_lazy("A customer’s bank sent a refund back: a mail to every owner."),
                _bounced,
            ),
            (
                DISPUTED,
                gettext_lazy("Disputed payment"),
                gettext_lazy("A customer told the bank that a payment is wrong: a mail to every owner."),
                _disputed,
            ),
            (
                ACCEPTED,
                gettext_lazy("Dispute accepted"),
                gettext_lazy("A disputed payment was taken after its customer had cancelled: a mail to every owner."),
                _accepted,
            ),
        ]
    )
}
