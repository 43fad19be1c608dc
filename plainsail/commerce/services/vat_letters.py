"""Letters about an answer of VIES that came later than the order: to the buyer, and to the seller where the id is no good."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from plainsail.accounts.services import hosts
from plainsail.commerce.models import Invoice, Seller
from plainsail.commerce.services import clocks, receipts, sellers
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery
from plainsail.mail.services import letters, transactional

TO_BUYER = "commerce.vat_answer"
TO_SELLER = "commerce.vat_answer_seller"


def tell(invoice: Invoice, *, vat_id: str, is_valid: bool, returned: Money, at: datetime) -> None:
    """Tell the buyer, and the seller about an id that isn't valid; once for each invoice. Raises Unmailable."""
    with override(invoice.document["locale"]):
        _tell_buyer(invoice, _found(invoice, vat_id, is_valid, returned), at=at)
    seller = sellers.of_workspace(at=at)
    if not is_valid and seller.email:
        business = Workspace.objects.get(id=current_workspace_id())
        with override(business.locale):
            _tell_seller(invoice, seller, business, vat_id, at=at)


def _found(invoice: Invoice, vat_id: str, is_valid: bool, returned: Money) -> list[str]:
    facts = {"id": vat_id, "amount": returned.format(get_language() or "en")}
    if not is_valid:
        return [
            _("Your VAT id %(id)s could only be checked now, and the EU’s register doesn’t know it.") % facts,
            _("So your invoice shows the tax, as for a consumer. If the id is right, please answer to this mail."),
        ]
    found = [_("Your VAT id %(id)s could only be checked now; it is valid, and stands on your invoice.") % facts]
    if returned:
        found.append(_("The tax you paid meanwhile, %(amount)s, is on its way back to you.") % facts)
    return found


def _tell_buyer(invoice: Invoice, found: list[str], *, at: datetime) -> None:
    letter = letters.letter(
        _("Your invoice"),
        found,
        rows=[(_("Invoice"), invoice.number), (_("Total"), invoice.gross.format(get_language() or "en"))],
        button=(_("See the receipt"), receipts.url(invoice.order or invoice)),
        footer=_("Invoices can be downloaded from the receipt at any time."),
    )
    transactional.send(
        TO_BUYER,
        to=invoice.buyer["email"],
        subject=_("Your invoice %(number)s") % {"number": invoice.number},
        text=letter.text,
        html=letter.html,
        key=str(invoice.id),
        at=clocks.wall(at),
        contact_id=invoice.billing_account.contact_id,
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )


def _tell_seller(invoice: Invoice, seller: Seller, business: Workspace, vat_id: str, *, at: datetime) -> None:
    facts = {"id": vat_id, "number": invoice.number, "name": invoice.buyer["company"] or invoice.buyer["name"]}
    letter = letters.letter(
        _("A VAT id isn’t valid"),
        [
            _("%(name)s bought with the VAT id %(id)s while VIES was silent. Now it says that it doesn’t know it.")
            % facts,
            _("Invoice %(number)s is issued with tax, as for a consumer. The customer has been told.") % facts,
        ],
        button=(_("See the invoices"), hosts.app_url(workspace_url(business, "commerce:invoices"))),
    )
    transactional.send(
        TO_SELLER,
        to=seller.email,
        subject=_("VAT id %(id)s isn’t valid (%(number)s)") % facts,
        text=letter.text,
        html=letter.html,
        key=str(invoice.id),
        at=clocks.wall(at),
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )
