"""Funnels to start from: finished pages, offers and mails in the order in which visitors meet them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.funnels.starters import collecting, returning, selling
from plainsail.funnels.starters.plan import Business, Template

__all__ = ["TEMPLATES", "Business", "Template"]

TEMPLATES: dict[str, Template] = {
    template.key: template
    for template in (
        Template(
            key="lead-magnet",
            label=_("Free guide"),
            text=_("Something free for an address, three mails that help, and a course for those who want more."),
            icon="gift",
            plan=collecting.lead_magnet,
        ),
        Template(
            key="tripwire",
            label=_("Small offer first"),
            text=_("A small purchase, then an upsell, and a downsell for those who said no."),
            icon="shopping-cart",
            plan=selling.tripwire,
        ),
        Template(
            key="launch",
            label=_("Launch in letters"),
            text=_("Three lessons by mail and an offer that closes: a launch without a webinar."),
            icon="send",
            plan=collecting.launch,
        ),
        Template(
            key="course",
            label=_("Course launch"),
            text=_("A sales page, a checkout, an hour with the teacher on top, and first lessons by mail."),
            icon="book-open",
            plan=selling.course,
        ),
        Template(
            key="booking",
            label=_("Book an hour"),
            text=_("A paid hour with a page that explains it, and mails to prepare and to look back."),
            icon="calendar",
            plan=selling.booking,
        ),
        Template(
            key="waitlist",
            label=_("Waitlist"),
            text=_("Interest before there is anything to sell: a list, a look behind the door, then the doors open."),
            icon="list-checks",
            plan=collecting.waitlist,
        ),
        Template(
            key="win-back",
            label=_("Win back"),
            text=_("Weeks after a purchase a letter, and a price for those who return."),
            icon="history",
            plan=returning.win_back,
        ),
        Template(
            key="abandoned-cart",
            label=_("Left at the checkout"),
            text=_("The address first: whoever stops at the checkout hears from you, until they bought."),
            icon="shopping-cart",
            plan=returning.abandoned_cart,
        ),
    )
}
