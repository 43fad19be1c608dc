"""What automations do about deals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Action, Config, Done, StepForm
from plainsail.automations.vocabulary.choosing import StageForm, name_of
from plainsail.contacts.models import Contact
from plainsail.deals.models import Deal, Pipeline, Stage
from plainsail.deals.services import deals
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money


class DealForm(StepForm):
    """In which pipeline, what it is called and what it is worth."""

    pipeline = forms.ChoiceField(label=gettext_lazy("Pipeline"))
    title = forms.CharField(label=gettext_lazy("What it is about"), max_length=120)
    value = forms.DecimalField(
        label=gettext_lazy("Worth"), min_value=Decimal(0), max_digits=12, decimal_places=2, initial=0
    )

    def prepare(self) -> None:
        rows = self.workspace.pipelines.filter(archived_at=None).order_by("position", "id")
        self.offer("pipeline", rows.values_list("id", "name"))

    def config(self) -> dict[str, Any]:
        # Without decimals where there are none: not every currency has them.
        return {**self.cleaned_data, "value": f"{self.cleaned_data['value'].normalize():f}"}


def open_deal(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    pipeline = Pipeline.objects.filter(id=config["pipeline"], archived_at=None).first()
    if pipeline is None:
        return Done(note=_("The pipeline is gone."), skipped=True)
    currency = Workspace.objects.get(id=contact.workspace_id).currency
    deals.create(
        pipeline,
        contact,
        title=config["title"],
        value=Money.parse(config["value"], currency),
        owner=None,
        expected_on=None,
        at=at,
    )
    return None


def move_deal(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Moves the contact's newest open deal of the stage's pipeline."""
    stage = Stage.objects.select_related("pipeline").filter(id=config["stage"], archived_at=None).first()
    if stage is None:
        return Done(note=_("The stage is gone."), skipped=True)
    found = Deal.objects.filter(contact=contact, pipeline=stage.pipeline, closed_at=None, deleted_at=None)
    newest = found.order_by("-created_at", "-id").first()
    if newest is None:
        return Done(note=_("Has no open deal there."), skipped=True)
    moved = deals.move(newest, stage, by=None, at=at)
    return None if moved is not None else Done(note=_("Is there already."), skipped=True)


OPEN_DEAL = Action(
    label=gettext_lazy("Open a deal"),
    icon="columns-2",
    form=DealForm,
    perform=open_deal,
    sentence=lambda config: _("Open the deal “%(title)s”") % {"title": config.get("title") or "…"},
    order=62,
)
MOVE_DEAL = Action(
    label=gettext_lazy("Move their deal"),
    icon="arrow-right",
    form=StageForm,
    perform=move_deal,
    sentence=lambda config: _("Move their deal to “%(stage)s”") % {"stage": name_of(Stage, config.get("stage"))},
    order=63,
)
