"""What pages plugs into the house: its room in the menu, its rows for blocks to point to, its personal data."""

from __future__ import annotations

from operator import itemgetter
from uuid import UUID

from django import forms as djforms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.events import PublicHostChanged
from plainsail.automations.sockets import TRIGGERS, Config, StepForm, Trigger
from plainsail.blocks.sockets import BLOCKS, FEEDS, REFERENCES, ReferenceKind
from plainsail.contacts.sockets import LIST_USES, SOURCES, TAKEN_OUT
from plainsail.files.events import PictureRendered
from plainsail.files.sockets import USES, UserOfFiles
from plainsail.kernel import clock, tenancy
from plainsail.kernel.events import on
from plainsail.kernel.models import Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.pages import sections
from plainsail.pages.events import FormSubmitted, PagePublished, PageUnpublished
from plainsail.pages.models import Form, Page, Popup, Post
from plainsail.pages.services import (
    countdowns,
    following,
    forgetting,
    forms,
    frames,
    posting,
    publishing,
    republishing,
    splitting,
    steps,
    submissions,
    uses,
)
from plainsail.tracking.sockets import LANDING
from plainsail.ui.sockets import CREATE, MENU, SITE_LINKS, CreateItem, MenuItem, SiteLinks

MENU.register(
    "pages",
    MenuItem(label=_("Pages"), icon="panels-top-left", url="pages:pages", order=20, can="pages.view", on_phone=True),
)
CREATE.register(
    "page", CreateItem(label=_("Page"), icon="panels-top-left", url="pages:new", order=10, can="pages.change")
)


def _site_links(request: HttpRequest) -> list[tuple[str, str]]:
    workspace: Workspace = request.workspace  # type: ignore[attr-defined]  # a page of a site
    return frames.way_around(workspace, get_language() or workspace.locale)


SITE_LINKS.register("pages", SiteLinks(links=_site_links))

BLOCKS.register("countdown", sections.COUNTDOWN)
REFERENCES.register(
    "countdown", ReferenceKind(label=_("Countdown"), options=countdowns.options, cards=countdowns.cards)
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

FEEDS.register("posts", posting.feed)

USES.register("pages", UserOfFiles(label=_("Pages"), uses=uses.of_file))
LIST_USES.register("pages", uses.of_list)
SOURCES.register("pages", forms.sources)


@on(PictureRendered, subscriber="pages.refresh_pictures")
def refresh_pictures(event: PictureRendered) -> None:
    """Published pages offer all sizes of a picture as soon as they are made."""
    publishing.refresh_showing("picture", event.file_id, at=clock.now())
    announced = Post.objects.filter(cover__file=str(event.file_id), page__state=Page.State.PUBLISHED)
    for post in announced.select_related("page").order_by("id"):
        republishing.follow(post.page_id, kind=post.page.kind, at=clock.now())


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
PERSONAL_DATA.register(
    "pages.post",
    PersonalData(fields=("author",), erase="keep", ground="Who wrote a post stands on it; the business's own staff."),
)
for table in (
    *("site", "page", "form", "publishedsnapshot", "posttag"),
    *("redirect", "sitescript", "republishing"),
    *("splittest", "splitvariant", "popup", "popupday", "countdown"),
):
    PERSONAL_DATA.register(
        f"pages.{table}",
        PersonalData(
            fields=(),
            erase="keep",
            ground="The business's own words; names no visitor.",
            # A page's snapshot is made from the page, which is taken along.
            portable=table not in {"publishedsnapshot", "republishing"},
        ),
    )
TAKEN_OUT.register("pages.submission", forgetting.submissions)
TAKEN_OUT.register("pages.unfinished", forgetting.unfinished)
TAKEN_OUT.register("pages.splitsale", forgetting.split_sales)


@on(PagePublished, subscriber="pages.follow_published")
def follow_published(event: PagePublished) -> None:
    """What other pages show of this one: a navigation, a post among others."""
    republishing.follow(event.page_id, kind=event.kind, at=clock.now())
    _follow_popup(event.page_id)


@on(PageUnpublished, subscriber="pages.follow_unpublished")
def follow_unpublished(event: PageUnpublished) -> None:
    """The same, for a page that was taken off."""
    republishing.follow(event.page_id, kind=event.kind, at=clock.now())
    _follow_popup(event.page_id)


def _follow_popup(page_id: UUID) -> None:
    """Pages carry the script for pop-ups as long as one may come up there, however it was published."""
    if Popup.objects.filter(page=page_id).exists():
        following.follow.once(f"pages.follow_popups:{tenancy.current_workspace_id()}")


@on(PublicHostChanged, subscriber="pages.follow_host")
def follow_host(event: PublicHostChanged) -> None:
    """Every page says under which address it stands."""
    republishing.ask(Workspace.objects.get(id=tenancy.current_workspace_id()), at=clock.now())
