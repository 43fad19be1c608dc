"""What pages plugs into the house: its room in the menu, its rows for blocks to point to, its personal data."""

from __future__ import annotations

from operator import itemgetter

from django import forms as djforms
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.automations.sockets import TRIGGERS, Config, StepForm, Trigger
from plainsail.blocks.sockets import REFERENCES, ReferenceKind
from plainsail.contacts.sockets import TAKEN_OUT
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.pages.events import FormSubmitted
from plainsail.pages.models import Form
from plainsail.pages.services import forgetting, forms, submissions
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


class FormForm(StepForm):
    """Which form."""

    form = djforms.ChoiceField(label=_("Form"))

    def prepare(self) -> None:
        rows = self.workspace.forms.filter(is_archived=False).order_by("name", "id")
        self.offer("form", rows.values_list("id", "name"))


def _form_name(config: Config) -> str:
    found = Form.objects.filter(id=config["form"]).first() if config.get("form") else None
    return found.name if found else "…"


TRIGGERS.register(
    "pages.form_submitted",
    Trigger(
        label=_("Fills in a form"),
        icon="clipboard-list",
        event=FormSubmitted,
        form=FormForm,
        about=lambda event: [str(event.form_id)],
        wants=itemgetter("form"),
        sentence=lambda config: _text("Fills in “%(form)s”") % {"form": _form_name(config)},
        order=5,
    ),
)

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
