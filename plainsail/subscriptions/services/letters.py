"""What customers are told about their contracts: in the transaction of the change, once for each occasion."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from plainsail.commerce.services import clocks
from plainsail.kernel import languages
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.mail.models import Delivery
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import Linked, letter
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest, DunningCase, Subscription
from plainsail.subscriptions.services import billing, letter_words, links, planning, pricing, scheduling
from plainsail.subscriptions.services.announcing import Announcement
from plainsail.subscriptions.services.quoting import Quote

Rows = list[tuple[str, str]]


def moment(at: datetime, zone: str) -> str:
    """Date, time and zone, as readers of the active language write them: 22 November 2026, 14:05 (Europe/Berlin)."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')} ({zone})"


def confirm_arrival(request: CancellationRequest, *, at: datetime) -> None:
    """To the address that was entered: what was entered, and when it arrived. Nothing else, whoever wrote it.

    In the active language: that of the page on which it was declared.
    """
    subject = _("Your declaration has arrived")
    facts = {"seller": request.workspace.name}
    html, text = letter(
        subject,
        [_("This confirms what you declared and when it reached %(seller)s.") % facts],
        rows=declared(request),
    )
    _send("declaration", request.email, subject, html, text, key=f"arrived:{request.id}", at=at)


def declared(request: CancellationRequest) -> Rows:
    """A declaration as it was entered, with the time of its arrival."""
    return [
        (_("Reference"), request.reference),
        (_("Received"), moment(request.received_at, request.workspace.timezone)),
        (_("Declared"), capfirst(request.get_kind_display())),
        *((label, str(request.payload[name])) for name, label in _entered().items() if name in request.payload),
    ]


def _entered() -> dict[str, str]:
    return {
        "name": _("Name"),
        "contract": _("Contract"),
        "end": _("End"),
        "cause": _("Reason"),
        "email": _("Confirmation to"),
    }


def confirm_again(made: Cancellation, promise: Quote, *, at: datetime) -> None:
    """The receipt that counts, because the contract was cancelled once more. One a day at most."""
    day = local_date(at, made.subscription.timezone)
    _confirm(made, promise, key=f"cancelled:{made.id}:{day.isoformat()}", at=at)


def confirm_cancellation(made: Cancellation, promise: Quote, *, at: datetime) -> None:
    """The receipt: content, time of receipt, end, money back, no further charges, how to take it back."""
    _confirm(made, promise, key=f"cancelled:{made.id}", at=at)


def _confirm(made: Cancellation, promise: Quote, *, key: str, at: datetime) -> None:
    subscription = made.subscription
    with translation.override(language_of(subscription)):
        subject, paragraphs = _cancelled(
            made, is_over=promise.effective_at <= at, is_charged=bool(promise.charges_after)
        )
        html, text = letter(
            subject,
            paragraphs,
            button=(_("Open the receipt"), links.absolute(subscription.workspace, links.receipt_path(made))),
            rows=receipt_rows(made, promise),
        )
        _send(
            "cancellation",
            subscription.account.email,
            subject,
            html,
            text,
            key=key,
            at=at,
            of=subscription,
        )


def _cancelled(made: Cancellation, *, is_over: bool, is_charged: bool) -> tuple[str, list[str]]:
    said = letter_words.said("cancellation", made.subscription)
    if made.request.is_sellers:
        facts = {"seller": made.workspace.name}
        words = [_("%(seller)s is closing, so your contract ends as shown below. You need to do nothing.") % facts]
        if not is_over:
            words.append(_("Until then you keep what you paid for. Nothing more will be charged."))
        return said.subject, words
    words = said.paragraphs
    if made.request.door == CancellationRequest.Door.AUTOMATION:
        words = [_("%(seller)s ends your contract, as shown below.") % {"seller": made.workspace.name}]
    if is_charged:
        words = [_("Your contract ends as shown below. Until then nothing is charged but what is listed there.")]
    if not is_over:
        words.append(_("Until then you keep what you paid for, and you can take the cancellation back."))
    if not _is_requester(made):
        words.append(
            _("It wasn’t you? Please answer this mail.")
            if is_over
            else _("It wasn’t you? Open the receipt and take it back.")
        )
    return said.subject, words


def _is_requester(made: Cancellation) -> bool:
    return made.request.door not in {CancellationRequest.Door.PUBLIC, CancellationRequest.Door.WITHDRAWAL}


def receipt_rows(made: Cancellation, promise: Quote) -> Rows:
    """The facts of a receipt, the same on the page, on paper and by mail."""
    request, subscription = made.request, made.subscription
    zone = subscription.timezone
    declared = [
        (_("Reference"), request.reference),
        (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
        (_("Concerns"), "\n".join(item.words for item in promise.items)),
        (_("Declared"), capfirst(request.get_kind_display())),
        (_("Received"), moment(request.received_at, zone)),
    ]
    if made.is_undone:
        return [*declared, (_("No longer counts since"), moment(made.undo.undone_at, zone))]
    refund = Money(promise.refund_minor, promise.currency)
    by = date_format(promise.refund_by.astimezone(ZoneInfo(zone)), "DATE_FORMAT")
    back = _("%(amount)s, the way you paid, by %(day)s") % {"amount": _shown(refund), "day": by}
    if not refund:
        back = _("None: everything paid for is served until the end.")
        is_trial = subscription.trial_ends_at is not None and request.received_at < subscription.trial_ends_at
        if is_trial and not promise.is_trial_paid:
            back = _("None: nothing was charged.")
        elif promise.when == "now":
            back = _("None: the refund policy of this contract gives none for the running period.")
    held = _("%(amount)s more, should your bank decide that your payment stands: then it comes back by itself.")
    return [
        *declared,
        (_("Ends"), moment(made.effective_at, zone)),
        *([(_("End asked for"), wish_words(promise))] if promise.wish else []),
        (_("Money back"), back),
        *([(_("Disputed payment"), held % {"amount": _shown(promise.held_back)})] if promise.held else []),
        (_("Charges after this"), "\n".join(charges(promise)) or _("None")),
    ]


def charges(promise: Quote) -> list[str]:
    """What is still charged until the end that was asked for: `€29.00 on 22 December 2026: Club`."""
    facts = [
        {"amount": _shown(one.amount), "day": date_format(one.day, "DATE_FORMAT"), "what": one.what}
        for one in promise.charges_after
    ]
    return [_("%(amount)s on %(day)s: %(what)s") % each for each in facts]


def wish_words(promise: Quote) -> str:
    """The last day that was asked for, and why the contract ends at the earliest possible date if it does."""
    asked = promise.asked_end
    if promise.wish != "unread":
        asked = date_format(date.fromisoformat(asked), "DATE_FORMAT")
    why = {
        "met": "",
        "early": _("That is earlier than possible, so it ends at the earliest possible date."),
        "far": _("That is more than five years away, so it ends at the earliest possible date."),
        "owed": _("A payment is still open, so it ends at the earliest possible date."),
        "resting": _("The contract is paused, so it ends at the earliest possible date."),
        "parts": _("It is paid for in parts, so it ends when the days paid for are over."),
        "unread": _("We couldn’t read that as a day, so it ends at the earliest possible date."),
    }[promise.wish]
    return f"{asked}\n{why}" if why else asked


def confirm_undo(subscription: Subscription, *, at: datetime) -> None:
    """The cancellation is taken back; the next charge with its date and amount."""
    with translation.override(language_of(subscription)):
        said = letter_words.said("undo", subscription)
        html, text = letter(
            said.subject,
            said.paragraphs,
            button=(_("Cancel subscription"), links.absolute(subscription.workspace, links.cancel_path(subscription))),
            rows=[(_("Next charge"), next_charge(subscription))],
        )
        _send(
            "undo",
            subscription.account.email,
            said.subject,
            html,
            text,
            key=f"undone:{subscription.id}:{at.isoformat()}",
            at=at,
            of=subscription,
        )


def next_charge(subscription: Subscription) -> str:
    """`€29.00 on 22 December 2026`, or that there is none."""
    rests = subscription.state == Subscription.State.PAUSED
    if subscription.renews_at is None or not subscription.may_renew or rests:
        return _("None")
    zone = ZoneInfo(subscription.timezone)
    day = subscription.renews_at.astimezone(zone).date()
    running = subscription.items.filter(ends_on=None, charged_through__lte=day).select_related(
        "subscription", "product"
    )
    items = planning.foreseen(subscription, scheduling.owed(list(running.order_by("id"))))
    amount = _shown(billing.gross(subscription, items, on=day))
    # Where a notice came late the charge waits for it.
    local = max(subscription.renews_at, subscription.charge_from or subscription.renews_at).astimezone(zone)
    words = _("%(amount)s on %(day)s")
    if queries.disputes_of_one(subscription).is_open:
        words = _("%(amount)s on %(day)s, but not before the bank has decided about the disputed payment")
    return words % {"amount": amount, "day": date_format(local, "DATE_FORMAT")}


def final_notice(subscription: Subscription, *, at: datetime) -> None:
    """The contract has ended."""
    with translation.override(language_of(subscription)):
        said = letter_words.said("ended", subscription)
        html, text = letter(
            said.subject,
            said.paragraphs,
            rows=[
                (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
                (_("Ended"), moment(at, subscription.timezone)),
            ],
        )
        _send(
            "ended",
            subscription.account.email,
            said.subject,
            html,
            text,
            key=f"ended:{subscription.id}",
            at=at,
            of=subscription,
        )


def payment_failed(case: DunningCase, *, at: datetime) -> None:
    """A charge was declined: when it is tried again, and that cancelling stays as easy as ever."""
    subscription = case.subscription
    assert case.next_try_at is not None
    with translation.override(language_of(subscription)):
        said = letter_words.said("payment_failed", subscription)
        subject = said.subject
        html, text = letter(
            subject,
            [
                *said.paragraphs,
                Linked(
                    _("If you don’t want to go on:"),
                    _("Cancel subscription"),
                    links.absolute(subscription.workspace, links.cancel_path(subscription)),
                ),
            ],
            button=(_("Pay with another card"), links.absolute(subscription.workspace, links.pay_path(subscription))),
            rows=[(_("Next try"), moment(case.next_try_at, subscription.timezone))],
        )
        _send(
            "payment_failed",
            subscription.account.email,
            subject,
            html,
            text,
            key=f"declined:{case.id}:{case.tries}",
            at=at,
            of=subscription,
        )


def announce(
    subscription: Subscription, said: Announcement, amount: Money, *, attempt: int, at: datetime
) -> UUID | None:
    """A charge to come, with its day, its amount and the link that cancels it. Returns its row in the ledger of mails.

    None where there is no address to write to. `charge_at` of what is said is when it will be charged.
    """
    with translation.override(language_of(subscription)):
        day = date_format(said.charge_at.astimezone(ZoneInfo(subscription.timezone)), "DATE_FORMAT")
        shown = "trial" if said.kind == "trial_short" else said.kind
        own = letter_words.said(f"notice_{shown}", subscription, day=day, amount=_shown(amount))
        html, text = letter(
            own.subject,
            [
                *own.paragraphs,
                _("If you don’t want to go on, cancel before that day: two clicks, and nothing is charged."),
            ],
            button=(_("Cancel subscription"), links.absolute(subscription.workspace, links.cancel_path(subscription))),
            rows=[
                (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
                (_("Next charge"), _("%(amount)s on %(day)s") % {"amount": _shown(amount), "day": day}),
                (_("Concerns"), "\n".join(_items(subscription))),
            ],
        )
    return _send(
        f"notice_{said.kind}",
        subscription.account.email,
        own.subject,
        html,
        text,
        key=f"notice:{subscription.id}:{said.kind}:{said.about_on.isoformat()}:{attempt}",
        at=at,
        of=subscription,
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )


def send(kind: str, of: Subscription, subject: str, html: str, text: str, *, key: str, at: datetime) -> None:
    """Send a contract's customer a letter, once for a key."""
    _send(kind, of.account.email, subject, html, text, key=key, at=at, of=of)


def _items(subscription: Subscription) -> list[str]:
    return [
        pricing.named(item, item.price()) for item in subscription.items.filter(ends_on=None).order_by("role", "id")
    ]


def _shown(amount: Money) -> str:
    return amount.format(translation.get_language() or "en")


def language_of(subscription: Subscription) -> str:
    """The customer's language, else the business's."""
    return languages.first_known(subscription.account.locale, subscription.workspace.locale)


def _send(
    kind: str,
    to: str,
    subject: str,
    html: str,
    text: str,
    *,
    key: str,
    at: datetime,
    of: Subscription | None = None,
    when_uncertain: Delivery.WhenUncertain = Delivery.WhenUncertain.ASK,
) -> UUID | None:
    if not to:
        return None
    sent = transactional.send(
        kind=f"subscriptions.{kind}",
        to=to,
        subject=subject,
        text=text,
        html=html,
        key=key,
        at=clocks.wall(at),
        contact_id=of.account.contact_id if of is not None else None,
        when_uncertain=when_uncertain,
    )
    delivery_id: UUID = sent.id
    return delivery_id
