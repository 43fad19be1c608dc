"""Input about automations, checked; the settings of a step have forms of their own kind, see `sockets.StepForm`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.models import Run
from plainsail.automations.services import flows
from plainsail.automations.services.flows import Place
from plainsail.automations.sockets import ACTIONS, CONDITIONS, STARTERS, TRIGGERS, StepForm

HOURS = [(hour, f"{hour}:00") for hour in range(25)]
AT_LEAST_ONE = {"min_value": gettext_lazy("At least 1."), "max_value": gettext_lazy("That is too long.")}
LONGEST = {"minutes": 60 * 24, "hours": 24 * 60, "days": 730, "weeks": 104}


class NewForm(forms.Form):
    """What a new automation starts from."""

    starter = forms.CharField(max_length=60)
    name = forms.CharField(max_length=100, required=False)

    def clean_starter(self) -> str:
        key = str(self.cleaned_data["starter"])
        if key not in STARTERS or not STARTERS[key].is_offered:
            raise forms.ValidationError(_("Choose one of the starting points offered."))
        return key


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class RevisionForm(forms.Form):
    """On which revision a change was made."""

    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class InsertForm(RevisionForm):
    """Which kind of step goes where."""

    kind = forms.CharField(max_length=80)
    index = forms.IntegerField(min_value=0, max_value=flows.MOST_STEPS)
    parent = forms.CharField(max_length=40, required=False)
    branch = forms.CharField(max_length=40, required=False)

    def clean_kind(self) -> str:
        kind = str(self.cleaned_data["kind"])
        family, _dot, key = kind.partition(":")
        known = {
            "wait": not key,
            "end": not key,
            "paste": not key,
            "split": not key,
            "paths": not key,
            "goal": not key,
            "until": not key,
            "action": key in ACTIONS,
            "condition": key in CONDITIONS,
        }
        if not known.get(family):
            raise forms.ValidationError(_("There is no such kind of step."))
        return kind

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("branch")) != bool(cleaned.get("parent")):
            raise forms.ValidationError(_("There is no such place."))
        return cleaned

    @property
    def place(self) -> Place:
        return Place(self.cleaned_data["index"], self.cleaned_data["parent"], self.cleaned_data["branch"])


class MoveForm(RevisionForm):
    """One place up or down."""

    by = forms.TypedChoiceField(choices=[("-1", "-1"), ("1", "1")], coerce=int)


class WaitForm(StepForm):
    """How long, and on which days and at which hours it goes on."""

    amount = forms.IntegerField(label=gettext_lazy("Wait"), min_value=1, max_value=1440, error_messages=AT_LEAST_ONE)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=list(flows.UNITS.items()))
    weekdays = forms.BooleanField(label=gettext_lazy("Go on from Monday to Friday only"), required=False)
    from_hour = forms.TypedChoiceField(
        label=gettext_lazy("Not before"), choices=[("", "–"), *HOURS[:24]], coerce=int, empty_value=None, required=False
    )
    to_hour = forms.TypedChoiceField(
        label=gettext_lazy("Not after"), choices=[("", "–"), *HOURS[1:]], coerce=int, empty_value=None, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        unit, amount = cleaned.get("unit"), cleaned.get("amount")
        if unit and amount and amount > LONGEST[unit]:
            self.add_error("amount", _("At most two years."))
        earliest, latest = cleaned.get("from_hour"), cleaned.get("to_hour")
        if (earliest is None) != (latest is None):
            self.add_error("to_hour" if latest is None else "from_hour", _("Give both hours, or none."))
        elif earliest is not None and latest is not None and earliest >= latest:
            self.add_error("to_hour", _("This must be later than the first hour."))
        return cleaned


class AskForm(forms.Form):
    """Which question is asked, and of which way of a step; of the step itself where none is named."""

    kind = forms.CharField(max_length=80)
    way = forms.CharField(max_length=40, required=False)


class UntilForm(forms.Form):
    """How long somebody waits at most until something is so."""

    amount = forms.IntegerField(label=gettext_lazy("At most"), min_value=1, max_value=1440, error_messages=AT_LEAST_ONE)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=list(flows.UNITS.items()))


class GoalForm(forms.Form):
    """What a goal is called, and what becomes of those who come to it without having reached it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    otherwise = forms.ChoiceField(
        label=gettext_lazy("Whoever has not reached it"),
        choices=[
            ("go_on", gettext_lazy("goes on")),
            ("wait", gettext_lazy("waits here until they do")),
            ("end", gettext_lazy("is through")),
        ],
    )


class SharesForm(forms.Form):
    """Per cent of each way by chance; together they make a hundred."""

    def __init__(self, *args: Any, ways: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for way in ways:
            self.fields[f"share-{way['id']}"] = forms.IntegerField(
                label=way["id"].upper(), min_value=0, max_value=flows.WHOLE, initial=way.get("share")
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and sum(self.shares.values()) != flows.WHOLE:
            raise forms.ValidationError(_("The shares must make 100 per cent."))
        return cleaned

    @property
    def shares(self) -> dict[str, int]:
        """Way to per cent."""
        return {name.removeprefix("share-"): value for name, value in self.cleaned_data.items()}


class EntryForm(forms.Form):
    """What starts it and who gets in again; the trigger's own settings come beside it."""

    kind = forms.ChoiceField(label=gettext_lazy("What starts it"))
    policy = forms.ChoiceField(
        label=gettext_lazy("Who gets in"), choices=list(flows.POLICIES.items()), widget=forms.RadioSelect
    )
    days = forms.IntegerField(label=gettext_lazy("Days until they may enter again"), min_value=1, max_value=3650)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(key, value.label) for key, value in TRIGGERS.items()]  # type: ignore[attr-defined]  # a ChoiceField


class PublishForm(forms.Form):
    """What becomes of those under way."""

    waiting = forms.ChoiceField(choices=[("finish", ""), ("move", "")], required=False)

    @property
    def moves_them(self) -> bool:
        return bool(self.cleaned_data["waiting"] == "move")


class PeopleForm(forms.Form):
    """Which people of an automation are listed: at a step, or in a state."""

    step = forms.CharField(max_length=40, required=False)
    state = forms.ChoiceField(choices=[("", ""), *Run.State.choices], required=False)
