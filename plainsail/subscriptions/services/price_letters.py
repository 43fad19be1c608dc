"""What customers are told about a new price: once for each, in their language."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.services import clocks, shapes
from plainsail.kernel.money import Money
from plainsail.mail.models import Delivery
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import Linked, letter
from plainsail.subscriptions.models import PriceNotice, PriceRise
from plainsail.subscriptions.services import letter_words, letters, links

Rows = list[tuple[str, str]]


def tell(notice: PriceNotice, *, at: datetime) -> UUID | None:
    """The new price, from when, what happens without consent; one link agrees, one cancels. Returns its row in the ledger."""
    contract = notice.item.subscription
    with translation.override(letters.language_of(contract)):
        said = letter_words.said("price_notice", contract, day=day_of(notice.about_on))
        cancel = links.absolute(contract.workspace, links.cancel_path(contract))
        leave = Linked(_("If you don’t want to go on:"), _("Cancel subscription"), cancel)
        page = (_("Look at the new price"), links.absolute(contract.workspace, links.price_path(notice.id)))
        html, text = letter(
            said.subject, [words_of(notice), *said.paragraphs, leave], button=page, rows=rows_of(notice)
        )
        return _send("price_notice", notice, said.subject, html, text, at=at)


def words_of(notice: PriceNotice) -> str:
    """What happens where nobody agrees, in the active language."""
    if not notice.item.subscription.account.is_consumer:
        return _("Your contract will cost more, as shown below.")
    if notice.rise.otherwise == PriceRise.Otherwise.KEEP:
        return _("We ask you to agree to a new price. If you don’t, your contract goes on at the old one.")
    return _(
        "We ask you to agree to a new price. If you don’t, your contract ends on that day and what is left of it is paid back."
    )


def rows_of(notice: PriceNotice) -> Rows:
    """The facts of a letter and of its page."""
    item, every = notice.item, shapes.every(notice.item.interval_unit, notice.item.interval_count)
    return [
        (_("Contract"), f"{item.subscription.reference} · {item.subscription.workspace.name}"),
        (_("Concerns"), item.description),
        (_("Price until now"), f"{shown(item.price())} {every}"),
        (_("New price"), f"{shown(new_price(notice))} {every}"),
        (_("From"), day_of(notice.about_on)),
    ]


def agreed(notice: PriceNotice, *, at: datetime) -> None:
    """The receipt of a consent, word for word."""
    contract = notice.item.subscription
    with translation.override(letters.language_of(contract)):
        subject = _("You agreed to the new price: %(contract)s") % {"contract": contract.reference}
        agreed_to = notice.consent.text if notice.consent else ""
        words = [_("You agreed to this: %(terms)s") % {"terms": agreed_to}]
        cancel = (_("Cancel subscription"), links.absolute(contract.workspace, links.cancel_path(contract)))
        html, text = letter(subject, words, button=cancel, rows=rows_of(notice))
        _send("price_agreed", notice, subject, html, text, at=at)


def taken_back(notice: PriceNotice, *, at: datetime) -> None:
    """The new price doesn't come after all."""
    contract = notice.item.subscription
    with translation.override(letters.language_of(contract)):
        said = letter_words.said("price_taken_back", contract)
        html, text = letter(said.subject, said.paragraphs, rows=[(_("Next charge"), letters.next_charge(contract))])
        _send("price_taken_back", notice, said.subject, html, text, at=at)


def new_price(notice: PriceNotice) -> Money:
    """What a period costs at the new price."""
    price = notice.rise.new_price
    return Money(price.unit_minor * notice.item.quantity, price.currency)


def day_of(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def shown(amount: Money) -> str:
    return amount.format(translation.get_language() or "en")


def _send(kind: str, notice: PriceNotice, subject: str, html: str, text: str, *, at: datetime) -> UUID | None:
    account = notice.item.subscription.account
    if not account.email:
        return None
    sent = transactional.send(
        kind=f"subscriptions.{kind}",
        to=account.email,
        subject=subject,
        text=text,
        html=html,
        key=f"{kind}:{notice.id}:{notice.attempts}",
        at=clocks.wall(at),
        contact_id=account.contact_id,
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )
    delivery_id: UUID = sent.id
    return delivery_id
