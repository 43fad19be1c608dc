"""Templates that bring people back: those who have not bought for a while, and those who stopped at the checkout."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from plainsail.funnels.starters.plan import Business, Plan, asks, call, hero, points, questions, words

Package = dict[str, Any]


def win_back(business: Business) -> Package:
    """After a purchase, time; then a letter, a page and a reason to come back."""
    plan = Plan(business, name=_("Win back"), people=_("Customers who might return"), theme="juniper")
    first = plan.sells(_("Tasting box"), 2900, _("Six small things, one of each."))
    again = plan.sells(_("The box for those who return"), 2400, _("Six others, for less."))
    plan.page(
        "page",
        _("Tasting box"),
        "tasting-box",
        lambda ways: [
            hero(
                _("Six small things to find out what you like"),
                _("One of each, packed by hand, with a card that says who made it."),
                _("Order the box"),
                ways.on,
                eyebrow=_("Sent on Tuesdays"),
                picture="plant",
            ),
            points(
                _("In the box"),
                (_("Six makers"), _("All within an hour of our shop.")),
                (_("A card each"), _("With a face and a story.")),
                (_("Nothing to throw away"), _("The box is made to be used again.")),
            ),
            call("", _("Order the box"), ways.on),
        ],
    )
    plan.checkout(_("Box checkout"), first)
    plan.page(
        "thanks",
        _("Thank you"),
        "box-thanks",
        lambda ways: words(
            _("On its way on Tuesday"),
            _("You get a mail when it leaves. We would love to hear which of the six you liked best."),
        ),
    )
    plan.wait(45)
    plan.mail(
        _("Which of the six was it?"),
        _("And a question"),
        _(
            "it is six weeks since your box. Which one did you finish first? We ask because we are packing the "
            "next one."
        ),
        _(
            "There are six new things in it, and for those who come back it costs less. No code needed: it is "
            "behind this button."
        ),
        button=_("See the new box"),
    )
    plan.wait(14)
    plan.mail(
        _("Last letter about the box"),
        _("Then we stop asking"),
        _(
            "we don’t want to be a shop that writes for ever. This is the last letter about the new box. If you’d "
            "like it, here it is; if not, thank you for trying us once."
        ),
        button=_("See the new box"),
    )
    plan.page(
        "page",
        _("Good to see you again"),
        "welcome-back",
        lambda ways: [
            hero(
                _("Good to see you again"),
                _("Six new makers, the same box, and a price for those who know us."),
                _("Send me the new box"),
                ways.on,
                eyebrow=_("For those who return"),
                picture="plant",
            ),
            questions(
                (_("What is different?"), _("All six. Nobody gets the same thing twice.")),
                (_("Can I say what I don’t like?"), _("Yes: reply to your receipt, and we swap it.")),
            ),
        ],
    )
    plan.checkout(_("Second box checkout"), again)
    plan.page(
        "thanks",
        _("Thank you, again"),
        "welcome-back-thanks",
        lambda ways: words(
            _("Thank you, again"), _("It leaves on Tuesday. This time the card on top is written by hand.")
        ),
    )
    return plan.package


def abandoned_cart(business: Business) -> Package:
    """The address first, then the checkout: whoever stops there hears from you, until they bought or said no."""
    plan = Plan(business, name=_("Left at the checkout"), people=_("People with a basket"), theme="harbour")
    item = plan.sells(_("The linen apron"), 6900, _("Made to order in two sizes."))
    plan.page(
        "form",
        _("The linen apron"),
        "linen-apron",
        lambda ways: [
            hero(
                _("An apron that gets better with every stain"),
                _("Washed linen, deep pockets, no strings that open. Made for you within a week."),
                _("Order mine"),
                "#form",
                eyebrow=_("Made to order"),
                note=_("Send it back within thirty days, worn or not."),
                picture="notebook",
            ),
            points(
                _("Why linen"),
                (_("Dry in an hour"), _("Even in a kitchen.")),
                (_("Soft after three washes"), _("And stronger than cotton.")),
                (_("Repaired for nothing"), _("As long as we exist.")),
            ),
            asks(
                ways.form,
                _("Where does the order go?"),
                _("We keep it for you while you decide, and write if you forget it."),
                _("On to the checkout"),
            ),
        ],
    )
    plan.wait(2, "hours")
    plan.mail(
        _("Your apron is still here"),
        _("We kept it for you"),
        _(
            "you were about to order an apron, and then something happened. It is still here, in the size that "
            "you like."
        ),
        button=_("Go on where you stopped"),
    )
    plan.wait(1)
    plan.mail(
        _("Is it the price, the size, or the cat on the keyboard?"),
        _("Just reply, a person reads it"),
        _(
            "sometimes there is a question in the way. If it is the size: send it back worn, within thirty days. "
            "If it is the price: it lasts ten years and we mend it."
        ),
        _("If it is something else, just reply."),
        button=_("Order the apron"),
    )
    plan.wait(2)
    plan.mail(
        _("We let your apron go tomorrow"),
        _("The last letter about it"),
        _(
            "we keep it until tomorrow evening, and then somebody else gets your place in this week’s making. No "
            "hard feelings either way."
        ),
        button=_("Order it after all"),
    )
    plan.checkout(_("Apron checkout"), item)
    plan.page(
        "thanks",
        _("Thank you"),
        "apron-thanks",
        lambda ways: words(
            _("We begin on Monday"),
            _("Your receipt is in your inbox. You get a photo when it is cut, and another when it leaves."),
        ),
    )
    return plan.package
