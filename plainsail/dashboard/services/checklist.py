"""What a new business still has to do, in order; and how to greet somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.kernel.models import Workspace

Words = str | Promise


@dataclass(frozen=True)
class Step:
    """One thing to set up, and where."""

    title: Words
    text: Words
    button: Words
    url: str
    is_done: bool


@dataclass(frozen=True)
class Steps:
    """All steps, and how many are done."""

    all: list[Step]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.all)

    @property
    def left(self) -> int:
        return len(self.all) - self.done

    @property
    def next(self) -> Step | None:
        """The first that is not done yet."""
        return next((step for step in self.all if not step.is_done), None)

    @property
    def is_beginning(self) -> bool:
        """Less than half is done: there is little else to see yet."""
        return self.done * 2 < len(self.all)


def steps(workspace: Workspace) -> Steps:
    """The four steps to a business that runs. Four EXISTS queries."""
    return Steps(
        [
            Step(
                gettext_lazy("Publish your first page"),
                gettext_lazy("Start from a template; change its words; press Publish."),
                gettext_lazy("Choose a template"),
                "pages:new",
                workspace.pages.filter(state="published").exists(),
            ),
            Step(
                gettext_lazy("Get your first contact"),
                gettext_lazy("Share your page, or add somebody you know."),
                gettext_lazy("Contacts"),
                "contacts:contacts",
                workspace.contacts.filter(deleted_at=None).exists(),
            ),
            Step(
                gettext_lazy("Welcome people by mail"),
                gettext_lazy("An automation writes to everyone who joins, while you sleep."),
                gettext_lazy("Start from “Welcome”"),
                "automations:new",
                workspace.automations.filter(state="live").exists(),
            ),
            Step(
                gettext_lazy("Take your first payment"),
                gettext_lazy("Make a product with a price, and link to its checkout."),
                gettext_lazy("Products"),
                "commerce:products",
                workspace.orders.exclude(paid_at=None).exists(),
            ),
        ]
    )


def greeting(at: datetime, workspace: Workspace, user: object) -> str:
    """Good morning, afternoon or evening, on the business's clock."""
    hour = at.astimezone(ZoneInfo(workspace.timezone)).hour
    name = getattr(user, "first_name", "") or _("there")
    if hour < 12:
        return _("Good morning, %(name)s") % {"name": name}
    return (_("Good afternoon, %(name)s") if hour < 18 else _("Good evening, %(name)s")) % {"name": name}
