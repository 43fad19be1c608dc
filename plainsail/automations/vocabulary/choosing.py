"""Forms that choose a list, a tag, a segment … for a trigger, a question or an action; and what the chosen is called."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Config, StepForm
from plainsail.contacts.models import List, Tag
from plainsail.contacts.services import tags
from plainsail.kernel.models import WorkspaceOwned


class ListForm(StepForm):
    """Which list."""

    list = forms.ChoiceField(label=gettext_lazy("List"))

    def prepare(self) -> None:
        rows = self.workspace.lists.filter(archived_at=None).order_by("name", "id").values_list("id", "name")
        self.offer("list", rows)


class TagForm(StepForm):
    """Which tag: one that is there, or a new one by its name."""

    tag = forms.ChoiceField(label=gettext_lazy("Tag"), required=False)
    new_tag = forms.CharField(label=gettext_lazy("Or a new tag"), max_length=60, required=False)

    def prepare(self) -> None:
        rows = self.workspace.tags.order_by("name", "id").values_list("id", "name")
        self.offer("tag", rows)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("tag") and not cleaned.get("new_tag") and "tag" not in self.errors:
            self.add_error("tag", _("Choose a tag, or name a new one."))
        return cleaned

    def config(self) -> dict[str, Any]:
        if name := self.cleaned_data["new_tag"].strip():
            return {"tag": str(tags.named(self.workspace, name).id)}
        return {"tag": self.cleaned_data["tag"]}


class SegmentForm(StepForm):
    """Which segment."""

    segment = forms.ChoiceField(label=gettext_lazy("Segment"))

    def prepare(self) -> None:
        rows = self.workspace.segments.order_by("name", "id").values_list("id", "name")
        self.offer("segment", rows)


class LevelForm(StepForm):
    """Which level of the score."""

    level = forms.ChoiceField(label=gettext_lazy("Level"))

    def prepare(self) -> None:
        rows = self.workspace.score_levels.order_by("points", "id").values_list("id", "name")
        self.offer("level", rows)


class StageForm(StepForm):
    """Which stage of which pipeline."""

    stage = forms.ChoiceField(label=gettext_lazy("Stage"))

    def prepare(self) -> None:
        rows = self.workspace.stages.filter(archived_at=None, pipeline__archived_at=None)
        found = rows.order_by("pipeline__position", "position", "id").values_list("id", "pipeline__name", "name")
        self.offer("stage", ((key, f"{pipeline}: {name}") for key, pipeline, name in found))


def list_name(config: Config) -> str:
    return name_of(List, config.get("list"))


def tag_name(config: Config) -> str:
    return name_of(Tag, config.get("tag"))


def name_of(model: type[WorkspaceOwned], key: Any) -> str:
    """What a row is called; an ellipsis where nothing is chosen or it is gone."""
    found = model.objects.filter(id=key).first() if key else None
    return str(found) if found is not None else "…"
