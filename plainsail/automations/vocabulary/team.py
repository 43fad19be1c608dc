"""What automations tell the team: a mail, or a task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.accounts.services import hosts, letters
from plainsail.automations.sockets import Action, Config, Done, StepForm
from plainsail.contacts.models import Contact
from plainsail.contacts.services import tasks
from plainsail.kernel import languages
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date


class TeamForm(StepForm):
    """Who of the team."""

    person = forms.ChoiceField(label=gettext_lazy("Who"))

    def prepare(self) -> None:
        rows = self.workspace.memberships.select_related("user").order_by("user__email")
        self.offer("person", ((one.user_id, str(one.user)) for one in rows))


class NoticeForm(TeamForm):
    """Who is told what."""

    text = forms.CharField(label=gettext_lazy("What to say"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class TaskForm(TeamForm):
    """Who has to do what, and by when."""

    what = forms.CharField(label=gettext_lazy("What is to be done"), max_length=200)
    days = forms.IntegerField(label=gettext_lazy("Due in days"), min_value=0, max_value=365, initial=1)


def member(business: Workspace, config: Config) -> User | None:
    """Whoever is meant, as long as they are of the team."""
    found = business.memberships.select_related("user").filter(user_id=config["person"]).first()
    return found.user if found is not None else None


def notify(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Queue a mail to somebody of the team, with the way to the contact's page."""
    business = Workspace.objects.get(id=contact.workspace_id)
    person = member(business, config)
    if person is None:
        return Done(note=_("They are not of the team any more."), skipped=True)
    with translation.override(languages.first_known(person.locale, business.locale)):
        letters.send(
            "automations/mail/told",
            to=person.email,
            context={
                "contact": contact,
                "text": config["text"],
                "business": business.name,
                "url": hosts.app_url(workspace_url(business, "contacts:contact", contact.id)),
            },
        )
    return None


def set_task(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    business = Workspace.objects.get(id=contact.workspace_id)
    due_on = local_date(at, business.timezone) + timedelta(days=config["days"])
    tasks.create_by_itself(contact, what=config["what"], due_on=due_on, assignee=member(business, config), at=at)
    return None


def _said(config: Config, name: str) -> Any:
    return str(config.get(name) or "…")[:60]


NOTIFY = Action(
    label=gettext_lazy("Tell the team"),
    icon="bell",
    form=NoticeForm,
    perform=notify,
    sentence=lambda config: _("Tell the team “%(text)s”") % {"text": _said(config, "text")},
    order=70,
)
SET_TASK = Action(
    label=gettext_lazy("Set a task"),
    icon="list-checks",
    form=TaskForm,
    perform=set_task,
    sentence=lambda config: _("Task “%(what)s”") % {"what": _said(config, "what")},
    order=71,
)
