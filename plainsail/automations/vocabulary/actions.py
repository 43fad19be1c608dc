"""What automations do with contacts themselves: tags, lists, own fields, points, notes; in sets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Action, Config, Done, StepForm, Work
from plainsail.automations.vocabulary.choosing import ListForm, TagForm, list_name, tag_name
from plainsail.contacts.models import Contact, CustomField, List, Tag
from plainsail.contacts.services import sets, values

Said = Mapping[str, Done]
SOURCE = "automation"


class JoinForm(ListForm):
    """Which list, and on what ground people are put on it: kept as the proof of each."""

    basis = forms.CharField(
        label=gettext_lazy("How they agreed"),
        max_length=300,
        help_text=gettext_lazy(
            "Such as: ticked the box for it at the checkout. It is kept with each contact as proof."
        ),
    )


class FieldForm(StepForm):
    """Which own field, and what it is to say."""

    field = forms.ChoiceField(label=gettext_lazy("Field"))
    value = forms.CharField(
        label=gettext_lazy("What it says"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Leave it empty to clear the field."),
    )

    def prepare(self) -> None:
        rows = self.workspace.custom_fields.filter(archived_at=None).order_by("position", "id")
        self.offer("field", rows.values_list("key", "label"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        found = values.fields_of(self.workspace).get(cleaned.get("field", ""))
        if found is not None and cleaned.get("value"):
            try:
                values.parse(found, cleaned["value"])
            except values.BadValue as refusal:
                self.add_error("value", str(refusal))
        return cleaned


class PointsForm(StepForm):
    """How many points, more or fewer."""

    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=-1000, max_value=1000, initial=10)

    def clean_points(self) -> int:
        if not (points := int(self.cleaned_data["points"])):
            raise forms.ValidationError(_("Give some points, or take some."))
        return points


class NoteForm(StepForm):
    """What is written down."""

    text = forms.CharField(label=gettext_lazy("Note"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


def in_sets(many: Callable[[Sequence[Work], Config, datetime], Said]) -> dict[str, Any]:
    """Both forms of an action that knows sets: of one contact it is done for a set of one."""

    def perform(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
        return many([Work(contact.id, run_key)], config, at).get(run_key)

    return {"perform": perform, "perform_many": many}


def skipped(work: Sequence[Work], done: Collection[UUID], note: str) -> Said:
    """What to say of those for whom nothing changed."""
    return {each.run_key: Done(note=note, skipped=True) for each in work if each.contact_id not in done}


def people(work: Sequence[Work]) -> list[UUID]:
    return [each.contact_id for each in work]


def add_tag(work: Sequence[Work], config: Config, at: datetime) -> Said:
    tag = Tag.objects.filter(id=config["tag"]).first()
    if tag is None:
        return skipped(work, (), _("The tag is gone."))
    return skipped(work, sets.add_tag(tag, people(work), at=at), _("Had it already."))


def remove_tag(work: Sequence[Work], config: Config, at: datetime) -> Said:
    tag = Tag.objects.filter(id=config["tag"]).first()
    if tag is None:
        return skipped(work, (), _("The tag is gone."))
    return skipped(work, sets.remove_tag(tag, people(work), at=at), _("Did not have it."))


def join_list(work: Sequence[Work], config: Config, at: datetime) -> Said:
    topic = List.objects.filter(id=config["list"]).first()
    if topic is None:
        return skipped(work, (), _("The list is gone."))
    joined = sets.join_list(topic, people(work), basis=config["basis"], source=SOURCE, at=at)
    return skipped(work, joined, _("Is on it, or has left it."))


def leave_list(work: Sequence[Work], config: Config, at: datetime) -> Said:
    topic = List.objects.filter(id=config["list"]).first()
    if topic is None:
        return skipped(work, (), _("The list is gone."))
    return skipped(work, sets.take_off(topic, people(work), source=SOURCE, at=at), _("Was not on it."))


def fill_field(work: Sequence[Work], config: Config, at: datetime) -> Said:
    found = CustomField.objects.filter(key=config["field"], archived_at=None).first()
    if found is None:
        return skipped(work, (), _("The field is gone."))
    changed = sets.fill_field(found, people(work), config["value"], at=at)
    return skipped(work, changed, _("Said that already."))


def give_points(work: Sequence[Work], config: Config, at: datetime) -> Said:
    sets.give_points(people(work), config["points"], note=_("By an automation"), at=at)
    return {}


def write_note(work: Sequence[Work], config: Config, at: datetime) -> Said:
    sets.write_note(people(work), config["text"], at=at)
    return {}


def _field_sentence(config: Config) -> str:
    found = CustomField.objects.filter(key=config.get("field")).first() if config.get("field") else None
    words = {"field": found.label if found else "…", "value": config.get("value", "")}
    return _("Set “%(field)s” to “%(value)s”") % words if words["value"] else _("Clear “%(field)s”") % words


def _points_sentence(config: Config) -> str:
    points = int(config.get("points") or 0)
    return (
        _("Take %(points)d points") % {"points": -points}
        if points < 0
        else _("Give %(points)d points") % {"points": points}
    )


ADD_TAG = Action(
    label=gettext_lazy("Add a tag"),
    icon="tag",
    form=TagForm,
    sentence=lambda config: _("Add tag “%(tag)s”") % {"tag": tag_name(config)},
    order=20,
    **in_sets(add_tag),
)
REMOVE_TAG = Action(
    label=gettext_lazy("Remove a tag"),
    icon="minus",
    form=TagForm,
    sentence=lambda config: _("Remove tag “%(tag)s”") % {"tag": tag_name(config)},
    order=30,
    **in_sets(remove_tag),
)
JOIN_LIST = Action(
    label=gettext_lazy("Put on a list"),
    icon="list",
    form=JoinForm,
    sentence=lambda config: _("Put on “%(list)s”") % {"list": list_name(config)},
    order=35,
    **in_sets(join_list),
)
LEAVE_LIST = Action(
    label=gettext_lazy("Take off a list"),
    icon="ban",
    form=ListForm,
    sentence=lambda config: _("Take off “%(list)s”") % {"list": list_name(config)},
    order=40,
    **in_sets(leave_list),
)
FILL_FIELD = Action(
    label=gettext_lazy("Set a field"),
    icon="pencil",
    form=FieldForm,
    sentence=_field_sentence,
    order=45,
    **in_sets(fill_field),
)
GIVE_POINTS = Action(
    label=gettext_lazy("Give or take points"),
    icon="star",
    form=PointsForm,
    sentence=_points_sentence,
    order=50,
    **in_sets(give_points),
)
WRITE_NOTE = Action(
    label=gettext_lazy("Write a note"),
    icon="file-text",
    form=NoteForm,
    sentence=lambda config: _("Note “%(text)s”") % {"text": str(config.get("text", "…"))[:60]},
    order=60,
    **in_sets(write_note),
)
