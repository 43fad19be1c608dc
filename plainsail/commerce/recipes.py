"""Automations around a purchase to start from: thanks, a review, a basket left, a trial that ends."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services.recipes import Part, Start, add_tag, letter, recipe, wait


def _after_purchase() -> list[Part]:
    return [
        add_tag(_("Customer")),
        wait(1, in_the_morning=True),
        letter(
            _("How to get the most out of it"),
            _("Three minutes that save an hour"),
            _(
                "thank you for buying from us. Three things that customers wish they had known "
                "on the first day: begin small, keep the box, and write to us before you give "
                "up."
            ),
            button=_("The short guide"),
        ),
        wait(6, in_the_morning=True),
        letter(
            _("Is everything as it should be?"),
            _("A real question"),
            _(
                "it has been a week. Is anything not as you expected it? Reply, and we put it "
                "right. If all is well, there is nothing to do."
            ),
        ),
    ]


POST_PURCHASE = recipe(
    label=gettext_lazy("After a purchase"),
    text=gettext_lazy("Thanks with a short guide the next morning, and a real question a week later."),
    icon="shopping-cart",
    start=Start(
        kind="commerce.order_paid",
        icon="shopping-cart",
        says=lambda: _("Buys any product"),
        config=lambda kitchen: {"product": ""},
        policy="again",
    ),
    parts=_after_purchase,
    order=50,
)


def _review() -> list[Part]:
    return [
        wait(14, in_the_morning=True),
        letter(
            _("Would you tell others?"),
            _("Two sentences help us more than you think"),
            _(
                "you have had it for two weeks. Would you write two sentences about it? What "
                "was it like before, and what is better now?"
            ),
            _("If it isn’t better, tell us instead of the world: just reply, and we see what we can do."),
            button=_("Write a review"),
        ),
        wait(7, in_the_morning=True),
        letter(
            _("A small reminder about those two sentences"),
            _("And then we leave you alone"),
            _(
                "no more than a nudge: your two sentences would help somebody who hesitates. "
                "This is the only time we ask again."
            ),
            button=_("Write a review"),
        ),
    ]


REVIEW = recipe(
    label=gettext_lazy("Ask for a review"),
    text=gettext_lazy("Two weeks after a purchase, with one reminder, and a way to complain to you first."),
    icon="star",
    start=Start(
        kind="commerce.order_paid",
        icon="shopping-cart",
        says=lambda: _("Buys any product"),
        config=lambda kitchen: {"product": ""},
    ),
    parts=_review,
    order=60,
)


def _cart() -> list[Part]:
    return [
        letter(
            _("You left something behind"),
            _("It is still there"),
            _(
                "you were at our checkout and then you were gone. Perhaps the phone rang. "
                "Everything is still there, and it takes a minute."
            ),
            button=_("Go on where you stopped"),
        ),
        wait(1),
        letter(
            _("Was something unclear?"),
            _("A person reads your answer"),
            _(
                "if a question kept you, just reply: we answer within a day. Delivery, size, "
                "price, returns: there is no silly one."
            ),
            button=_("Back to the checkout"),
        ),
    ]


JUST_BOUGHT = {"all": [{"field": "bought", "op": "has", "value": "", "count": 1, "days": 1}]}
ABANDONED_CART = recipe(
    label=gettext_lazy("Left at the checkout"),
    text=gettext_lazy(
        "Two hours after somebody left the checkout, and once more the day after, as a question. Whoever buys hears no more."
    ),
    icon="shopping-cart",
    start=Start(
        kind="commerce.left_cart",
        icon="shopping-cart",
        says=lambda: _("Leaves the checkout"),
        config=lambda kitchen: {"product": "", "hours": 2},
        policy="again",
    ),
    parts=_cart,
    exits=[JUST_BOUGHT],
    order=70,
)


ALL = {
    "commerce.after_purchase": POST_PURCHASE,
    "commerce.review": REVIEW,
    "commerce.left_cart": ABANDONED_CART,
}
