"""Input about somebody who is a contact already: the whole profile, or one field of it in its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms

from plainsail.contacts import queries
from plainsail.contacts.forms import NewContactForm, ProfileForm, custom_initial
from plainsail.contacts.models import Contact, CustomField
from plainsail.contacts.services import editing, phones
from plainsail.kernel.errors import Refusal


class StandingForm(ProfileForm):
    """The profile of somebody, with what this page showed of it."""

    is_stale = False
    """Whether somebody else changed what was to be saved."""
    seen = forms.CharField(required=False, max_length=50_000, widget=forms.HiddenInput())

    def __init__(self, data: Any = None, *, contact: Contact, custom: Sequence[CustomField]) -> None:
        super().__init__(data, initial=standing(contact, custom), custom=custom)
        self.contact, self.own = contact, custom
        self.initial["seen"] = self._as_seen

    @property
    def given(self) -> dict[str, Any]:
        """What was given by name, own fields as `field:<key>`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    @property
    def has_seen(self) -> dict[str, str]:
        """What the page had shown; nothing where somebody tampered with it."""
        try:
            found = json.loads(self.cleaned_data["seen"] or "{}")
        except ValueError:
            return {}
        return {str(name): str(code) for name, code in found.items()} if isinstance(found, dict) else {}

    def refuse(self, refusal: Refusal) -> None:
        if not isinstance(refusal, editing.ChangedMeanwhile):
            super().refuse(refusal)
            return
        for name in refusal.names:
            self.add_error(name, str(refusal))
        self.is_stale = True
        # They are told now, so what they save next counts as having seen it.
        self.data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, once bound
        self.data["seen"] = self._as_seen()  # type: ignore[index]

    def _as_seen(self) -> str:
        return json.dumps(editing.seen(self.contact, [name for name in self.fields if name != "seen"]))


class OneFieldForm(StandingForm):
    """One field of the profile, or the address. Raises LookupError for a name that is no field's."""

    email = NewContactForm.base_fields["email"]

    def __init__(self, data: Any = None, *, name: str, contact: Contact, custom: Sequence[CustomField]) -> None:
        super().__init__(data, contact=contact, custom=custom)
        if name not in self.fields or name == "seen":
            raise LookupError(name)
        self.name = name
        self.fields = {name: self.fields[name], "seen": self.fields["seen"]}

    @property
    def field(self) -> forms.BoundField:
        return self[self.name]


def standing(contact: Contact, custom: Sequence[CustomField]) -> dict[str, Any]:
    """What a form about a contact starts with."""
    names = [*ProfileForm.base_fields, "email"]
    known = {name: getattr(contact, name) for name in names} | {"phone": phones.shown(contact.phone)}
    return known | custom_initial(custom, queries.values_of([contact])[contact.id])
