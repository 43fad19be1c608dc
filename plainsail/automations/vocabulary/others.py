"""What one automation does with another: start it for somebody, or take them out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.models import Automation
from plainsail.automations.services import entering, running
from plainsail.automations.services.entering import Entry
from plainsail.automations.sockets import Action, Config, Done, StepForm, Work
from plainsail.automations.vocabulary.actions import in_sets, people, skipped
from plainsail.automations.vocabulary.choosing import name_of


class AutomationForm(StepForm):
    """Which automation."""

    automation = forms.ChoiceField(label=gettext_lazy("Automation"))

    def prepare(self) -> None:
        self.offer("automation", self.workspace.automations.order_by("name", "id").values_list("id", "name"))


def start(work: Sequence[Work], config: Config, at: datetime) -> Mapping[str, Done]:
    """Let people into another automation, under its entry rule. Whoever starts the same step twice enters once."""
    other = Automation.objects.select_related("version").filter(id=config["automation"]).first()
    if other is None or not other.is_live or other.version is None:
        return skipped(work, (), _("The automation is not live."))
    made = entering.enter_many(other, [Entry(each.contact_id, at, cause(each.run_key)) for each in work], at=at)
    entered = set(other.runs.filter(id__in=made).values_list("contact_id", flat=True))
    return skipped(work, entered, _("Is in it, or was."))


def cause(run_key: str) -> str:
    """What makes an entry by this step the same: within the length of a run's `entry`."""
    return entering.digest(run_key)


def stop(work: Sequence[Work], config: Config, at: datetime) -> Mapping[str, Done]:
    """Take people out of an automation; out of this one too, where it is meant."""
    other = Automation.objects.filter(id=config["automation"]).first()
    if other is None:
        return skipped(work, (), _("The automation is gone."))
    return skipped(work, running.take_out_many(other.id, people(work), at=at), _("Was not in it."))


START = Action(
    label=gettext_lazy("Start another automation"),
    icon="network",
    form=AutomationForm,
    sentence=lambda config: _("Start “%(automation)s”") % {"automation": name_of(Automation, config.get("automation"))},
    order=80,
    **in_sets(start),
)
STOP = Action(
    label=gettext_lazy("Take out of an automation"),
    icon="square",
    form=AutomationForm,
    sentence=lambda config: (
        _("Take out of “%(automation)s”") % {"automation": name_of(Automation, config.get("automation"))}
    ),
    steers=True,
    order=81,
    **in_sets(stop),
)
