"""Input about notes, tasks and scores."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries as accounts
from plainsail.accounts.models import User
from plainsail.contacts.models import ScoreRule
from plainsail.contacts.sockets import SCORABLE
from plainsail.kernel.models import Workspace


class NoteForm(forms.Form):
    """A note, and what of the contact's it is about."""

    text = forms.CharField(label=_("Note"), max_length=10_000, widget=forms.Textarea({"rows": 3}))
    about = forms.UUIDField(required=False, widget=forms.HiddenInput())

    @property
    def given(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"], "about_id": self.cleaned_data["about"]}


class TaskForm(forms.Form):
    """Something to do: what, until when, and who of the team."""

    what = forms.CharField(label=_("What is to be done?"), max_length=200)
    due_on = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    assignee = forms.ChoiceField(label=_("Who?"), required=False)
    about = forms.UUIDField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        self._people = {str(one.user_id): one.user for one in accounts.team(workspace)}
        choices = [("", _text("Nobody yet")), *((key, str(one)) for key, one in self._people.items())]
        self.fields["assignee"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def given(self) -> dict[str, Any]:
        assignee: User | None = self._people.get(self.cleaned_data["assignee"])
        return {"what": self.cleaned_data["what"], "due_on": self.cleaned_data["due_on"], "assignee": assignee}

    @property
    def given_with_subject(self) -> dict[str, Any]:
        return self.given | {"about_id": self.cleaned_data["about"]}


class RuleDetailsForm(forms.Form):
    """What a rule gives, and how often."""

    name = forms.CharField(label=_("Name"), max_length=100)
    points = forms.IntegerField(label=_("Points"), min_value=-10_000, max_value=10_000)
    at_most = forms.IntegerField(
        label=_("At most so often"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Empty: every time."),
    )
    span_days = forms.TypedChoiceField(
        label=_("In"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("all time")), *ScoreRule.Span.choices],
    )


class RuleForm(RuleDetailsForm):
    """A new rule: for what, and under which condition."""

    event = forms.ChoiceField(label=_("For"))
    value = forms.CharField(
        label=_("Only if it is, or holds"),
        max_length=200,
        required=False,
        help_text=_("A tag’s or a list’s name, or a part of a link’s or a page’s address. Empty: each one counts."),
    )
    field_order = ("name", "event", "value", "points", "at_most", "span_days")

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        self._workspace = workspace
        self.fields["event"].choices = [(key, one.label) for key, one in SCORABLE.items()]  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        scorable, value = SCORABLE.get(cleaned.get("event", "")), str(cleaned.get("value", ""))
        if scorable is None or not value:
            return cleaned
        if not scorable.field:
            self.add_error("value", _text("For this there is nothing to choose."))
        elif scorable.choices is not None:
            found = [key for key, label in scorable.choices(self._workspace) if label.casefold() == value.casefold()]
            if found:
                cleaned["value"] = found[0]
            else:
                self.add_error("value", _text("Nothing is called that."))
        return cleaned


class LevelForm(forms.Form):
    """A named score."""

    name = forms.CharField(label=_("Name"), max_length=60)
    points = forms.IntegerField(label=_("From"), min_value=1, max_value=1_000_000)


class FadeForm(forms.Form):
    """How fast points lose their worth."""

    half_life_days = forms.IntegerField(
        label=_("Half after (days)"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("What a rule gave is worth half after so many days, a quarter after twice as many. Empty: never."),
    )


class ScoreForm(forms.Form):
    """A score set by hand."""

    score = forms.IntegerField(label=_("Score"), min_value=-1_000_000, max_value=1_000_000)
    note = forms.CharField(label=_("Why?"), max_length=200, required=False)
