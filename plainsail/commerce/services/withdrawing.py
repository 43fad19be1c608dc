"""What a receipt tells consumers of their right to withdraw (Consumer Rights Directive, art. 8(7) with art. 6(1)(h))."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.models import Order, Supply
from plainsail.commerce.services import statutes
from plainsail.commerce.sockets import WITHDRAWALS, ReceiptNote
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date


def of_order(order: Order | None, *, at: datetime) -> list[ReceiptNote]:
    """The note on the receipt of what was bought for good, while it can be withdrawn from. `at` is the seller's time. Two queries.

    A contract's receipt has its own. What takes place on a day can't be withdrawn from (art. 16(l)), a business can't
    withdraw, and what is paid back has been.
    """
    if order is None or not order.total_minor or order.is_refunded or not _is_consumers(order):
        return []
    lines = order.lines.select_related("product")
    if any(line.is_recurring for line in lines):
        return []
    supplies = {line.product.supply for line in lines} - {Supply.LOCAL.value}
    if Supply.GOODS in supplies:
        return [_note(order.workspace, _goods())]
    zone = order.workspace.timezone
    last_on = statutes.withdrawal_until(order.paid_at or order.created_at, zone=zone)
    if not supplies or local_date(at, zone) > last_on:
        return []
    return [_note(order.workspace, _order(last_on))]


def of_contract(business: Workspace, last_on: date) -> ReceiptNote:
    """The note on the receipt of a contract that can be withdrawn from until a day."""
    text = _(
        "Until the end of %(day)s you can withdraw from this contract without giving a reason, and get back what you paid."
    )
    return _note(business, text % {"day": date_format(last_on, "DATE_FORMAT")})


def _is_consumers(order: Order) -> bool:
    """Whether it was bought as a consumer: no company was named with it, nor before."""
    return order.billing_account.is_consumer and not order.company and not order.vat_id


def _order(last_on: date) -> str:
    text = _(
        "Until the end of %(day)s you can withdraw from this order without giving a reason, and get back what you paid."
    )
    return text % {"day": date_format(last_on, "DATE_FORMAT")}


def _goods() -> str:
    """The time runs from the day on which they arrive (art. 9(2)(b)), which nobody here knows."""
    return _(
        "Until fourteen days after the last of the goods has reached you, you can withdraw from this order without giving a "
        "reason, and get back what you paid."
    )


def _note(business: Workspace, text: str) -> ReceiptNote:
    page = next(iter(WITHDRAWALS), None)
    if page is None:
        return ReceiptNote(text)
    return ReceiptNote(text, link_label=str(page.label), link_url=page.address(business))
