"""What of visits and clicks lets people in. Programs that check links or fetch pictures don't count."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.models import Automation
from plainsail.automations.sockets import TRIGGERS, Config, StepForm, Trigger
from plainsail.kernel.events import Event
from plainsail.tracking.events import PageVisited


class PathForm(StepForm):
    """Which page, by its address behind the domain."""

    path = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=180,
        help_text=gettext_lazy("Such as /prices: what stands behind the domain."),
    )

    def clean_path(self) -> str:
        return f"/{str(self.cleaned_data['path']).strip().lstrip('/')}"


def is_wanted(event: type[Event]) -> bool:
    """Whether a live automation waits for an event of this class. One probe of an index."""
    keys = [key for key, trigger in TRIGGERS.items() if trigger.event is event]
    return bool(Automation.objects.filter(listens_to__in=keys, state=Automation.State.LIVE).exists())


def _path(config: Config) -> Any:
    return config.get("path") or "…"


PAGE_VISITED = Trigger(
    label=gettext_lazy("Visits a page"),
    icon="panels-top-left",
    event=PageVisited,
    form=PathForm,
    about=lambda event: [event.path],
    wants=lambda config: config["path"],
    sentence=lambda config: _("Visits %(path)s") % {"path": _path(config)},
    order=36,
)
