"""What pages plugs into the house: its room in the menu, its rows for blocks to point to, its personal data."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.blocks.sockets import REFERENCES, ReferenceKind
from plainsail.contacts.sockets import TAKEN_OUT
from plainsail.files.events import PictureRendered
from plainsail.files.sockets import USES, UserOfFiles
from plainsail.kernel import clock
from plainsail.kernel.events import on
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.pages.services import forgetting, forms, publishing, submissions, uses
from plainsail.tracking.sockets import LANDING
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

MENU.register(
    "pages",
    MenuItem(label=_("Pages"), icon="panels-top-left", url="pages:pages", order=20, can="pages.view", on_phone=True),
)
CREATE.register(
    "page", CreateItem(label=_("Page"), icon="panels-top-left", url="pages:new", order=10, can="pages.change")
)

REFERENCES.register("form", ReferenceKind(label=_("Form"), options=forms.options, cards=forms.cards))

USES.register("pages", UserOfFiles(label=_("Pages"), uses=uses.of_file))


@on(PictureRendered, subscriber="pages.refresh_pictures")
def refresh_pictures(event: PictureRendered) -> None:
    """Published pages offer all sizes of a picture as soon as they are made."""
    publishing.refresh_showing("picture", event.file_id, at=clock.now())


LANDING.register("form", submissions.take_in)

PERSONAL_DATA.register(
    "pages.submission",
    PersonalData(
        fields=("values", "ip", "user_agent", "contact"),
        erase="anonymise",
        ground="That a form was sent is part of the page's numbers; who sent it goes.",
    ),
)
PERSONAL_DATA.register(
    "pages.pagerevision",
    PersonalData(fields=("by",), erase="keep", ground="Who changed a page is the business's own record of its staff."),
)
for table in ("site", "page", "form", "publishedsnapshot"):
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
