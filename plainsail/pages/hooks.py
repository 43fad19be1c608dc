"""What pages plugs into the house: its room in the menu, its rows for blocks to point to, its personal data."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.blocks.sockets import BLOCKS, REFERENCES, ReferenceKind
from plainsail.contacts.sockets import TAKEN_OUT
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.pages import sections
from plainsail.pages.services import countdowns, forgetting, forms, splitting, steps, submissions
from plainsail.tracking.sockets import LANDING
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

MENU.register(
    "pages",
    MenuItem(label=_("Pages"), icon="panels-top-left", url="pages:pages", order=20, can="pages.view", on_phone=True),
)
CREATE.register(
    "page", CreateItem(label=_("Page"), icon="panels-top-left", url="pages:new", order=10, can="pages.change")
)

BLOCKS.register("countdown", sections.COUNTDOWN)
REFERENCES.register(
    "countdown", ReferenceKind(label=_("Countdown"), options=countdowns.options, cards=countdowns.cards)
)
REFERENCES.register("form", ReferenceKind(label=_("Form"), options=forms.options, cards=forms.cards))

LANDING.register("form", submissions.take_in)

# What the clock does here, by the kind that is due.
FALLS_DUE = (steps.forget, splitting.look)

PERSONAL_DATA.register(
    "pages.submission",
    PersonalData(
        fields=("values", "ip", "user_agent", "contact", "campaign"),
        erase="anonymise",
        ground="That a form was sent is part of the page's numbers; who sent it goes.",
    ),
)
PERSONAL_DATA.register("pages.countdownstart", PersonalData(fields=("visitor_id", "contact"), erase="delete"))
PERSONAL_DATA.register("pages.unfinished", PersonalData(fields=("values", "path", "campaign"), erase="delete"))
PERSONAL_DATA.register(
    "pages.formversion",
    PersonalData(fields=("by",), erase="keep", ground="What a form said is the proof of what was agreed to."),
)
PERSONAL_DATA.register(
    "pages.pagerevision",
    PersonalData(fields=("by",), erase="keep", ground="Who changed a page is the business's own record of its staff."),
)
PERSONAL_DATA.register(
    "pages.splitsale",
    PersonalData(fields=("contact_id",), erase="anonymise", ground="What a variant earned stays; whose it was goes."),
)
for table in (
    "splittest",
    "splitvariant",
    "popup",
    "popupday",
    "countdown",
    "site",
    "page",
    "form",
    "publishedsnapshot",
):
    PERSONAL_DATA.register(
        f"pages.{table}",
        PersonalData(
            fields=(),
            erase="keep",
            ground="The business's own words; names no visitor.",
            # A page's snapshot is made from the page, which is taken along.
            portable=table != "publishedsnapshot",
        ),
    )
TAKEN_OUT.register("pages.submission", forgetting.submissions)
TAKEN_OUT.register("pages.unfinished", forgetting.unfinished)
TAKEN_OUT.register("pages.splitsale", forgetting.split_sales)
