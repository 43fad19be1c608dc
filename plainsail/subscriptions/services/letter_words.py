"""The words of every letter about a contract, as a business may change them: subject and opening.

What the law or the sale asks for (facts in rows, words agreed to, buttons, when it comes back) is added by the letter
itself, and stands whatever the opening says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services import notices
from plainsail.subscriptions.models import Subscription

Facts = Mapping[str, str]

NAMED: dict[str, tuple[Promise, str]] = {
    "contract": (gettext_lazy("Reference of the contract"), "S-1042"),
    "business": (gettext_lazy("Name of your business"), "Juniper Pottery Studio"),
    "day": (gettext_lazy("Day of the charge"), "March 1, 2027"),
    "amount": (gettext_lazy("Amount"), "€29.00"),
    "plan": (gettext_lazy("The plan that was wanted"), "Kiln club, yearly"),
    "addon": (gettext_lazy("The add-on"), "Second shelf"),
}
"""Every field: what it is called, and what a preview shows."""

CONTRACT = ("contract", "business")


@dataclass(frozen=True)
class Wording:
    """The words of one letter. `words` gives subject and paragraphs, with facts in their places, in the active language."""

    label: Promise
    when: Promise
    words: Callable[[Facts], tuple[str, list[str]]]
    asks: tuple[str, ...] = CONTRACT
    may_be_silent: bool = False
    """Whether a business may do without it, because another paper says the same."""

    def original(self) -> tuple[str, str]:
        """Subject and opening words with their fields in braces, paragraphs apart by an empty line."""
        subject, paragraphs = self.words({name: f"{{{{{name}}}}}" for name in self.asks})
        return subject, "\n\n".join(paragraphs)

    @property
    def fields(self) -> dict[str, Promise]:
        return {name: NAMED[name][0] for name in self.asks}

    @property
    def examples(self) -> dict[str, str]:
        return {name: NAMED[name][1] for name in self.asks}


def said(kind: str, contract: Subscription, **facts: str) -> notices.Said:
    """What a letter says, in the business's own words where it has some. `facts` are those it asks for. One statement."""
    values = {"contract": contract.reference, "business": contract.workspace.name, **facts}
    subject, paragraphs = ALL[kind].words(values)
    return notices.said(key_of(kind), subject=subject, paragraphs=paragraphs, values=values)


def key_of(kind: str) -> str:
    """The notice's kind, as the ledger of messages has it."""
    return f"subscriptions.{kind}"


def _failed(facts: Facts) -> tuple[str, list[str]]:
    return _("We could not charge your card: %(contract)s") % facts, [
        _("Your bank declined the charge for the new period. Nothing is lost; we try again on the day below."),
        _("With another card it is settled at once, without a sign-in: the button leads there."),
    ]


def _trial(facts: Facts) -> tuple[str, list[str]]:
    return _("Your trial ends on %(day)s: %(contract)s") % facts, [
        _("If you want to go on, there is nothing to do: the first payment is taken as shown below.")
    ]


def _renewal(facts: Facts) -> tuple[str, list[str]]:
    return _("Your contract renews on %(day)s: %(contract)s") % facts, [
        _("If you want to go on, there is nothing to do: the next payment is taken as shown below.")
    ]


def _renewal_soon(facts: Facts) -> tuple[str, list[str]]:
    return _("Your contract renews on %(day)s: %(contract)s") % facts, [
        _("A short reminder, so that nothing comes as a surprise.")
    ]


def _resuming(facts: Facts) -> tuple[str, list[str]]:
    return _("Your contract goes on on %(day)s: %(contract)s") % facts, [
        _("Your pause ends then, as you asked. If you want to go on, there is nothing to do.")
    ]


def _half_year(facts: Facts) -> tuple[str, list[str]]:
    return _("What your contract costs: %(contract)s") % facts, [
        _("We tell you this twice a year, so that you don’t pay for what you don’t use.")
    ]


def _cancelled(facts: Facts) -> tuple[str, list[str]]:
    return _("Cancelled: %(contract)s") % facts, [_("Your contract ends as shown below. Nothing more will be charged.")]


def _undone(facts: Facts) -> tuple[str, list[str]]:
    return _("Your contract goes on: %(contract)s") % facts, [
        _("The cancellation was taken back. The contract renews as before.")
    ]


def _ended(facts: Facts) -> tuple[str, list[str]]:
    return _("Ended: %(contract)s") % facts, [
        _("Your contract has ended. Nothing more will be charged. Your receipts stay available.")
    ]


def _paid_off(facts: Facts) -> tuple[str, list[str]]:
    return _("All paid: %(contract)s") % facts, [
        _("Thank you. Your last payment has arrived, and nothing more will be charged."),
        _("What you bought is yours to keep: your access stays open, and there is nothing to cancel."),
    ]


def _price(facts: Facts) -> tuple[str, list[str]]:
    return _("A new price from %(day)s: %(contract)s") % facts, [_("Until then nothing changes.")]


def _price_taken_back(facts: Facts) -> tuple[str, list[str]]:
    return _("The price stays as it is: %(contract)s") % facts, [
        _("The new price that we wrote to you about doesn’t come. Your contract goes on as before.")
    ]


def _plan_changed(facts: Facts) -> tuple[str, list[str]]:
    return _("Plan changed: %(contract)s") % facts, [
        _("Your plan has changed as you asked. Your receipts stay available.")
    ]


def _plan_planned(facts: Facts) -> tuple[str, list[str]]:
    return _("Plan change on its way: %(contract)s") % facts, [
        _("Until the day below you keep what you paid for, and you can take the change back. Nothing is charged today.")
    ]


def _plan_taken_back(facts: Facts) -> tuple[str, list[str]]:
    return _("Your plan stays as it is: %(contract)s") % facts, [
        _("The change was taken back. Your contract renews as before.")
    ]


def _plan_not_changed(facts: Facts) -> tuple[str, list[str]]:
    return _("Your plan stays as it is: %(contract)s") % facts, [
        _("The payment for “%(plan)s” didn’t come through, so your plan wasn’t changed and nothing is charged for it.")
        % facts
    ]


def _addon_added(facts: Facts) -> tuple[str, list[str]]:
    return _("Added to your contract: %(addon)s") % facts, [
        _("It ends with the contract, and you can take it out by itself at any time.")
    ]


def _addon_removed(facts: Facts) -> tuple[str, list[str]]:
    return _("Cancelled: %(addon)s") % facts, [_("Nothing more is charged for it. The rest of your contract goes on.")]


def _addon_kept(facts: Facts) -> tuple[str, list[str]]:
    return _("It goes on: %(addon)s") % facts, [_("Its cancellation was taken back. It renews as before.")]


def _paused(facts: Facts) -> tuple[str, list[str]]:
    return _("Paused: %(contract)s") % facts, [_("Your contract is paused. Nothing is charged until it goes on.")]


def _suspended(facts: Facts) -> tuple[str, list[str]]:
    return _("Paused, because it wasn’t paid: %(contract)s") % facts, [
        _(
            "The payment for the new period didn’t come through. So your contract rests: you owe nothing for these days, and "
            "nothing is charged until you say that it goes on."
        )
    ]


def _resumed(facts: Facts) -> tuple[str, list[str]]:
    return _("Your contract goes on: %(contract)s") % facts, [
        _("The pause is over: what you bought is open to you again.")
    ]


def _moved(facts: Facts) -> tuple[str, list[str]]:
    return _("Another day for your next charge: %(contract)s") % facts, [
        _("Your next charge comes on another day, and those after it count from there.")
    ]


def _refund(facts: Facts) -> tuple[str, list[str]]:
    return _("Your refund: %(amount)s (%(contract)s)") % facts, [
        _("%(amount)s is on its way back to you, the way you paid. Banks take a few days to show it.") % facts
    ]


def _dispute_accepted(facts: Facts) -> tuple[str, list[str]]:
    return _("You are right, and we are sorry: %(contract)s") % facts, [
        _(
            "You had cancelled, and %(amount)s was charged all the same. That must not happen, and we apologise. We told "
            "your bank that you are right: it gives the money back to you."
        )
        % facts,
        _("Nothing more is charged for this contract. There is nothing that you need to do."),
    ]


CHARGE, ADDON = (*CONTRACT, "day", "amount"), (*CONTRACT, "addon")

ALL: dict[str, Wording] = {
    "payment_failed": Wording(
        gettext_lazy("Payment failed"), gettext_lazy("A bank declined the charge for a new period."), _failed
    ),
    "notice_renewal": Wording(
        gettext_lazy("Renewal ahead"),
        gettext_lazy("Before a contract renews and is charged, where your policy announces it."),
        _renewal,
        CHARGE,
    ),
    "notice_renewal_soon": Wording(
        gettext_lazy("Renewal ahead, short reminder"),
        gettext_lazy("Shortly before a contract renews, where your policy reminds once more."),
        _renewal_soon,
        CHARGE,
    ),
    "notice_trial": Wording(
        gettext_lazy("Trial ending"), gettext_lazy("Before a trial ends and is first charged."), _trial, CHARGE
    ),
    "notice_resuming": Wording(
        gettext_lazy("Pause ending"), gettext_lazy("Before a pause ends by itself and is charged."), _resuming, CHARGE
    ),
    "notice_half_year": Wording(
        gettext_lazy("What it costs, twice a year"),
        gettext_lazy("A reminder of a running contract, where your policy has one."),
        _half_year,
        CHARGE,
    ),
    "cancellation": Wording(
        gettext_lazy("Cancellation receipt"),
        gettext_lazy(
            "Somebody cancelled. Where something is still charged, or where you close, the original words stand."
        ),
        _cancelled,
    ),
    "undo": Wording(
        gettext_lazy("Cancellation taken back"), gettext_lazy("Somebody took their cancellation back."), _undone
    ),
    "ended": Wording(gettext_lazy("Contract ended"), gettext_lazy("The last day of a contract is over."), _ended),
    "paid_off": Wording(
        gettext_lazy("All parts paid"), gettext_lazy("The last payment of a contract in parts arrived."), _paid_off
    ),
    "paused": Wording(gettext_lazy("Contract paused"), gettext_lazy("Somebody pauses a contract."), _paused),
    "suspended": Wording(
        gettext_lazy("Contract paused for want of payment"),
        gettext_lazy("The last try failed, and your policy lets contracts rest rather than end."),
        _suspended,
    ),
    "resumed": Wording(gettext_lazy("Contract goes on"), gettext_lazy("A pause is over."), _resumed),
    "charge_date_moved": Wording(
        gettext_lazy("Another day of charge"), gettext_lazy("The day of the next charge was moved."), _moved
    ),
    "plan_changed": Wording(gettext_lazy("Plan changed"), gettext_lazy("Another plan runs now."), _plan_changed),
    "plan_change_planned": Wording(
        gettext_lazy("Plan change ahead"), gettext_lazy("Another plan was chosen for later."), _plan_planned
    ),
    "plan_change_taken_back": Wording(
        gettext_lazy("Plan change taken back"), gettext_lazy("A change for later was taken back."), _plan_taken_back
    ),
    "plan_not_changed": Wording(
        gettext_lazy("Plan not changed"),
        gettext_lazy("The payment for another plan didn’t come through."),
        _plan_not_changed,
        (*CONTRACT, "plan"),
    ),
    "addon_added": Wording(
        gettext_lazy("Add-on added"), gettext_lazy("Something was added to a contract."), _addon_added, ADDON
    ),
    "addon_removed": Wording(
        gettext_lazy("Add-on cancelled"), gettext_lazy("Something was taken out of a contract."), _addon_removed, ADDON
    ),
    "addon_kept": Wording(
        gettext_lazy("Add-on kept"), gettext_lazy("The cancellation of an add-on was taken back."), _addon_kept, ADDON
    ),
    "price_notice": Wording(
        gettext_lazy("New price"),
        gettext_lazy("A price rises. What happens without consent is said before your words, and can’t be changed."),
        _price,
        (*CONTRACT, "day"),
    ),
    "price_taken_back": Wording(
        gettext_lazy("New price taken back"), gettext_lazy("A price doesn’t rise after all."), _price_taken_back
    ),
    "refund": Wording(
        gettext_lazy("Refund of a renewal"),
        gettext_lazy("What was paid for a contract after its first payment is on its way back."),
        _refund,
        (*CONTRACT, "amount"),
        may_be_silent=True,
    ),
    "dispute_accepted": Wording(
        gettext_lazy("Apology for a charge"),
        gettext_lazy("Somebody disputes a payment with their bank that was taken after they had cancelled."),
        _dispute_accepted,
        (*CONTRACT, "amount"),
    ),
}
"""Kind of letter to its words, in the order in which they are shown."""
