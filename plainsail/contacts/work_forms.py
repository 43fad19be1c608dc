"""Input about notes and tasks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries as accounts
from plainsail.accounts.models import User
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
