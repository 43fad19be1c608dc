"""The triggers, actions and conditions that automations bring along themselves: lists, tags and fields of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.services import flows
from plainsail.automations.sockets import Action, Condition, Config, Done, Starter, StepForm, Trigger
from plainsail.contacts import queries as contact_queries
from plainsail.contacts.events import ContactCreated, ListJoined, ScoreReached, SegmentEntered, SegmentLeft, TagAdded
from plainsail.contacts.models import Contact, ContactTag, List, ListMember, ScoreLevel, Segment, Tag
from plainsail.contacts.services import consent, tags
from plainsail.deals.events import DealLost, DealMoved, DealWon
from plainsail.deals.models import Stage
from plainsail.kernel.models import Workspace


class ListForm(StepForm):
    """Which list."""

    list = forms.ChoiceField(label=gettext_lazy("List"))

    def prepare(self) -> None:
        rows = self.workspace.lists.order_by("name", "id").values_list("id", "name")
        self.fields["list"].choices = [("", _("Choose …")), *((str(key), name) for key, name in rows)]  # type: ignore[attr-defined]  # a ChoiceField


class TagForm(StepForm):
    """Which tag: one that is there, or a new one by its name."""

    tag = forms.ChoiceField(label=gettext_lazy("Tag"), required=False)
    new_tag = forms.CharField(label=gettext_lazy("Or a new tag"), max_length=60, required=False)

    def prepare(self) -> None:
        rows = self.workspace.tags.order_by("name", "id").values_list("id", "name")
        self.fields["tag"].choices = [("", _("Choose …")), *((str(key), name) for key, name in rows)]  # type: ignore[attr-defined]  # a ChoiceField

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
        self.fields["segment"].choices = [("", _("Choose …")), *((str(key), name) for key, name in rows)]  # type: ignore[attr-defined]  # a ChoiceField


def list_name(config: Config) -> str:
    return _name(List, config.get("list"))


def tag_name(config: Config) -> str:
    return _name(Tag, config.get("tag"))


def _name(model: type[List] | type[Tag] | type[Segment] | type[ScoreLevel] | type[Stage], key: Any) -> str:
    """What a row is called; an ellipsis where nothing is chosen or it is gone."""
    found = model.objects.filter(id=key).first() if key else None
    return found.name if found is not None else "…"


LIST_JOINED = Trigger(
    label=gettext_lazy("Joins a list"),
    icon="zap",
    event=ListJoined,
    form=ListForm,
    matches=lambda event, config: str(event.list_id) == config["list"],
    sentence=lambda config: _("Joins “%(list)s”") % {"list": list_name(config)},
    order=10,
)
TAG_ADDED = Trigger(
    label=gettext_lazy("Gets a tag"),
    icon="tag",
    event=TagAdded,
    form=TagForm,
    matches=lambda event, config: str(event.tag_id) == config["tag"],
    sentence=lambda config: _("Gets the tag “%(tag)s”") % {"tag": tag_name(config)},
    order=20,
)
CONTACT_CREATED = Trigger(
    label=gettext_lazy("Becomes a contact"),
    icon="user-plus",
    event=ContactCreated,
    sentence=lambda config: _("Becomes a contact"),
    order=30,
)

SEGMENT_ENTERED = Trigger(
    label=gettext_lazy("Comes into a segment"),
    icon="users",
    event=SegmentEntered,
    form=SegmentForm,
    matches=lambda event, config: str(event.segment_id) == config["segment"],
    sentence=lambda config: _("Comes into “%(segment)s”") % {"segment": _name(Segment, config.get("segment"))},
    order=32,
)
SEGMENT_LEFT = Trigger(
    label=gettext_lazy("Leaves a segment"),
    icon="users",
    event=SegmentLeft,
    form=SegmentForm,
    matches=lambda event, config: str(event.segment_id) == config["segment"],
    sentence=lambda config: _("Leaves “%(segment)s”") % {"segment": _name(Segment, config.get("segment"))},
    order=33,
)


def add_tag(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Adding a tag twice adds it once."""
    tag = Tag.objects.filter(id=config["tag"]).first()
    if tag is None:
        return Done(note=_("The tag is gone."), skipped=True)
    return None if tags.add(contact, tag, at=at) else Done(note=_("Had it already."), skipped=True)


def remove_tag(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    tag = Tag.objects.filter(id=config["tag"]).first()
    if tag is None:
        return Done(note=_("The tag is gone."), skipped=True)
    return None if tags.remove(contact, tag, at=at) else Done(note=_("Did not have it."), skipped=True)


def leave_list(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    topic = List.objects.filter(id=config["list"]).first()
    if topic is None:
        return Done(note=_("The list is gone."), skipped=True)
    return None if consent.withdraw(contact, topic, at=at) else Done(note=_("Was not on it."), skipped=True)


ADD_TAG = Action(
    label=gettext_lazy("Add a tag"),
    icon="tag",
    form=TagForm,
    perform=add_tag,
    sentence=lambda config: _("Add tag “%(tag)s”") % {"tag": tag_name(config)},
    order=20,
)
REMOVE_TAG = Action(
    label=gettext_lazy("Remove a tag"),
    icon="minus",
    form=TagForm,
    perform=remove_tag,
    sentence=lambda config: _("Remove tag “%(tag)s”") % {"tag": tag_name(config)},
    order=30,
)
LEAVE_LIST = Action(
    label=gettext_lazy("Take off a list"),
    icon="ban",
    form=ListForm,
    perform=leave_list,
    sentence=lambda config: _("Take off “%(list)s”") % {"list": list_name(config)},
    order=40,
)


def has_tag(contact: Contact, config: Config, at: datetime) -> bool:
    return bool(ContactTag.objects.filter(contact=contact, tag_id=config["tag"]).exists())


def is_on_list(contact: Contact, config: Config, at: datetime) -> bool:
    subscribed = ListMember.objects.filter(contact=contact, list_id=config["list"], state=ListMember.State.SUBSCRIBED)
    return bool(subscribed.exists())


def is_in_segment(contact: Contact, config: Config, at: datetime) -> bool:
    segment = Segment.objects.filter(id=config["segment"]).first()
    if segment is None:
        return False
    return bool(Contact.objects.filter(contact_queries.condition_of(segment.tree, at=at), id=contact.id).exists())


HAS_TAG = Condition(
    label=gettext_lazy("Has a tag?"),
    icon="tag",
    form=TagForm,
    holds=has_tag,
    sentence=lambda config: _("Has the tag “%(tag)s”?") % {"tag": tag_name(config)},
    order=10,
)
ON_LIST = Condition(
    label=gettext_lazy("Is on a list?"),
    icon="list",
    form=ListForm,
    holds=is_on_list,
    sentence=lambda config: _("Is on “%(list)s”?") % {"list": list_name(config)},
    order=20,
)
IN_SEGMENT = Condition(
    label=gettext_lazy("Is in a segment?"),
    icon="users",
    form=SegmentForm,
    holds=is_in_segment,
    sentence=lambda config: _("Is in “%(segment)s”?") % {"segment": _name(Segment, config.get("segment"))},
    order=30,
)


def empty(workspace: Workspace, at: datetime) -> flows.Flow:
    return flows.empty()


EMPTY = Starter(
    label=gettext_lazy("Start empty"),
    text=gettext_lazy("Choose what starts it, then add one step after the other."),
    icon="plus",
    build=empty,
    order=100,
)


class LevelForm(StepForm):
    """Which level of the score."""

    level = forms.ChoiceField(label=gettext_lazy("Level"))

    def prepare(self) -> None:
        rows = self.workspace.score_levels.order_by("points", "id").values_list("id", "name")
        self.fields["level"].choices = [("", _("Choose …")), *((str(key), name) for key, name in rows)]  # type: ignore[attr-defined]  # a ChoiceField


class StageForm(StepForm):
    """Which stage of which pipeline."""

    stage = forms.ChoiceField(label=gettext_lazy("Stage"))

    def prepare(self) -> None:
        rows = self.workspace.stages.filter(archived_at=None, pipeline__archived_at=None)
        found = rows.order_by("pipeline__position", "position", "id").values_list("id", "pipeline__name", "name")
        self.fields["stage"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("Choose …")),
            *((str(key), f"{pipeline}: {name}") for key, pipeline, name in found),
        ]


SCORE_REACHED = Trigger(
    label=gettext_lazy("Reaches a score"),
    icon="star",
    event=ScoreReached,
    form=LevelForm,
    matches=lambda event, config: str(event.level_id) == config["level"],
    sentence=lambda config: _("Reaches “%(level)s”") % {"level": _name(ScoreLevel, config.get("level"))},
    order=40,
)
DEAL_MOVED = Trigger(
    label=gettext_lazy("A deal comes to a stage"),
    icon="columns-2",
    event=DealMoved,
    form=StageForm,
    matches=lambda event, config: str(event.stage_id) == config["stage"],
    sentence=lambda config: _("A deal comes to “%(stage)s”") % {"stage": _name(Stage, config.get("stage"))},
    order=50,
)
DEAL_WON = Trigger(
    label=gettext_lazy("A deal is won"),
    icon="circle-check",
    event=DealWon,
    sentence=lambda config: _("A deal is won"),
    order=60,
)
DEAL_LOST = Trigger(
    label=gettext_lazy("A deal is lost"),
    icon="circle-x",
    event=DealLost,
    sentence=lambda config: _("A deal is lost"),
    order=70,
)
