"""Input about automations, checked; the settings of a step have forms of their own kind, see `sockets.StepForm`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.models import Run
from plainsail.automations.services import flows, timing
from plainsail.automations.services.flows import Place
from plainsail.automations.sockets import ACTIONS, CONDITIONS, STARTERS, TRIGGERS, StepForm
from plainsail.contacts.models import CustomField

WORKING_DAYS, MIDNIGHT = 5, 24
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
            "day": not key,
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


class WindowForm(StepForm):
    """On which days and at which times people go on; a wait's settings come before it."""

    days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Go on only on"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("No day chosen means every day."),
    )
    opens = forms.TimeField(label=gettext_lazy("Not before"), required=False)
    closes = forms.TimeField(
        label=gettext_lazy("Not after"), required=False, help_text=gettext_lazy("In the contact’s own time.")
    )

    def __init__(self, *args: Any, initial: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={**window_of(initial), **initial} if initial else None, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if closes and not opens:
            self.add_error("opens", _("Give both times, or none."))
        elif closes and closes <= opens:
            self.add_error("closes", _("This must be later than the first time."))
        return cleaned

    def config(self) -> dict[str, Any]:
        window: dict[str, Any] = {name: self.cleaned_data[name] for name in ("days", "opens", "closes")}
        rest = {name: _plain(value) for name, value in self.cleaned_data.items() if name not in window}
        hours = {key: _plain(window[name]) for key, name in (("from", "opens"), ("to", "closes")) if window[name]}
        return rest | ({"days": window["days"]} if window["days"] else {}) | hours


def window_of(wait: Mapping[str, Any]) -> dict[str, Any]:
    """A wait's window as the form asks for it; older waits said weekdays and whole hours."""
    hours = {"opens": ("from", "from_hour"), "closes": ("to", "to_hour")}
    found: dict[str, Any] = {}
    for name, (key, old) in hours.items():
        hour = wait.get(old)
        found[name] = wait.get(key) or (f"{hour:02}:00" if hour is not None and hour < MIDNIGHT else "")
    return found | {"days": wait.get("days") or (list(range(WORKING_DAYS)) if wait.get("weekdays") else [])}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value


class WaitForm(WindowForm):
    """How long."""

    LEAST = 1
    amount = forms.IntegerField(label=gettext_lazy("Wait"), min_value=0, max_value=1440, error_messages=AT_LEAST_ONE)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=list(flows.UNITS.items()))
    field_order = ("amount", "unit", "days", "opens", "closes")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        unit, amount = cleaned.get("unit"), cleaned.get("amount")
        if amount is not None and amount < self.LEAST:
            self.add_error("amount", str(AT_LEAST_ONE["min_value"]))
        if unit and amount and amount > LONGEST[unit]:
            self.add_error("amount", _("At most two years."))
        return cleaned


class DelayForm(WaitForm):
    """How long after the mail before a mail of a sequence leaves; nothing for at once."""

    LEAST = 0

    @property
    def is_at_once(self) -> bool:
        return not any(self.cleaned_data[name] for name in ("amount", "days", "opens", "closes"))


class DateForm(WindowForm):
    """Until which day."""

    on = forms.DateField(label=gettext_lazy("Until"))
    time = forms.TimeField(label=gettext_lazy("At"))
    field_order = ("on", "time", "days", "opens", "closes")

    def __init__(self, *args: Any, initial: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={"time": timing.MORNING, **(initial or {})}, **kwargs)


class TheirDayForm(WindowForm):
    """Until the day that a date field says, or some days before or after it."""

    field = forms.ChoiceField(label=gettext_lazy("Date"))
    offset = forms.IntegerField(
        label=gettext_lazy("Days after it"),
        min_value=-365,
        max_value=365,
        help_text=gettext_lazy("-7 is a week before, 0 the day itself."),
    )
    time = forms.TimeField(label=gettext_lazy("At"))
    yearly = forms.BooleanField(
        label=gettext_lazy("Every year, as a birthday"),
        required=False,
        help_text=gettext_lazy("29 February is kept on the 28th in other years."),
    )
    field_order = ("field", "offset", "time", "yearly", "days", "opens", "closes")

    def __init__(self, *args: Any, initial: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={"time": timing.MORNING, "offset": 0, **(initial or {})}, **kwargs)

    def prepare(self) -> None:
        rows = self.workspace.custom_fields.filter(archived_at=None, kind=CustomField.Kind.DATE)
        self.offer("field", rows.order_by("position", "id").values_list("key", "label"))


WAITS: dict[str, type[WindowForm]] = {"for": WaitForm, "date": DateForm, "field": TheirDayForm}
UNTIL = "until"
WAIT_MODES = {
    "for": gettext_lazy("for some time"),
    "date": gettext_lazy("until a day"),
    "field": gettext_lazy("until a day of their own, such as a birthday"),
    UNTIL: gettext_lazy("until something is so"),
}


class ModeForm(forms.Form):
    """What a wait waits for; what it is set to beside that comes in a form of its own."""

    mode = forms.ChoiceField(label=gettext_lazy("Wait"), choices=list(WAIT_MODES.items()), required=False)


class OrderForm(RevisionForm):
    """The mails of a sequence in their new order: the ids of their steps, with commas between."""

    order = forms.CharField(max_length=flows.MOST_STEPS * 41)

    def clean_order(self) -> list[str]:
        return [key for key in str(self.cleaned_data["order"]).split(",") if key]


class MailForm(RevisionForm):
    """A mail more in a sequence."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)


class SwitchForm(RevisionForm):
    """Whether a step is left out."""

    off = forms.TypedChoiceField(choices=[("1", "1"), ("0", "0")], coerce=lambda value: value == "1")


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


class CallsForm(forms.Form):
    """Which calls are listed."""

    state = forms.ChoiceField(choices=[("", ""), ("failed", ""), ("waiting", "")], required=False)


class PeopleForm(forms.Form):
    """Which people of an automation are listed: at a step, or in a state."""

    step = forms.CharField(max_length=40, required=False)
    state = forms.ChoiceField(choices=[("", ""), *Run.State.choices], required=False)
