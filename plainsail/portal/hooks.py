"""Everything that the portal plugs into others, and its own first room."""

from __future__ import annotations

from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact
from plainsail.contacts.services import links
from plainsail.contacts.sockets import EVENT_WORDING, STAYS_WHEN_MERGED, TAKEN_OUT, EventWording
from plainsail.kernel.http import Request
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.portal.services import entrance, forgetting
from plainsail.portal.sockets import SECTIONS, PortalSection, Rendered
from plainsail.ui.sockets import FOOTER_LINKS, FooterLink

NOTICES.register(
    entrance.NOTICE,
    Notice(
        label=_("Sign-in link"),
        text=_("A customer wants to get into their account."),
        to="customers",
        original=entrance.original,
        fields={"business": _("Name of your business")},
        examples={"business": "Juniper Pottery Studio"},
        order=40,
    ),
)

FOOTER_LINKS.register("portal.account", FooterLink(label=_("Your account"), url="portal:account", order=10))


def profile(request: Request, contact: Contact) -> Rendered:
    """Who the customer is here."""
    choices = links.preferences_url(request.workspace, contact.pk)
    return "portal/sections/profile.html", {"contact": contact, "preferences_url": choices}


SECTIONS.register("profile", PortalSection(key="profile", title=_("About you"), order=90, render=profile))

STAYS_WHEN_MERGED.register(
    "portal.portalsession", "whoever signed in by one address has not shown that the other is theirs"
)

EVENT_WORDING.register(
    "portal.customer_signed_in",
    EventWording(
        label=_("Signed in to their account"), icon="key-round", say=lambda row: _text("Signed in to their account")
    ),
)

PERSONAL_DATA.register("portal.signinlink", PersonalData(fields=("email", "ip"), erase="delete", portable=False))
PERSONAL_DATA.register("portal.portalsession", PersonalData(fields=("contact",), erase="delete", portable=False))
PERSONAL_DATA.register("portal.grant", PersonalData(fields=("contact",), erase="delete"))
TAKEN_OUT.register("portal.signinlink", forgetting.links)
