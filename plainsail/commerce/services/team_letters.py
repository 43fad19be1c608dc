"""What the team hears by mail about sales, where it wants to."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from plainsail.accounts.models import Membership, Role
from plainsail.commerce.models import Order
from plainsail.commerce.services import clocks
from plainsail.kernel.money import Money
from plainsail.mail.services import letters, notices, transactional

NEW_ORDER = "commerce.team_order"


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
    owners = Membership.objects.filter(workspace=business, role=Role.OWNER).select_related("user")
    for owner in owners:
        transactional.send(
            NEW_ORDER,
            to=owner.user.email,
            subject=said.subject,
            text=letter.text,
            html=letter.html,
            key=f"{order.id}:{owner.user_id}",
            at=clocks.wall(at),
        )


def original() -> tuple[str, str]:
    """Subject and words with their fields in braces, in the active language."""
    subject, words = _words({"amount": "{{amount}}", "buyer": "{{buyer}}"})
    return subject, "\n\n".join(words)


def _words(values: dict[str, str]) -> tuple[str, list[str]]:
    return _("New order: %(amount)s") % values, [_("%(buyer)s bought something for %(amount)s.") % values]
