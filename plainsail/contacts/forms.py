"""Input about contacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.sockets import SEGMENT_FIELDS
from plainsail.kernel.countries import countries
from plainsail.kernel.models import Workspace


def _words(label: Any, size: int, complete: str, *, rows: int = 0) -> forms.CharField:
    attributes = {"autocomplete": complete} if complete else {}
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput(attrs=attributes)
    return forms.CharField(label=label, max_length=size, required=False, widget=widget)


class ProfileForm(forms.Form):
    """What is known of a person, apart from address and consent."""

    first_name = _words(_("First name"), 100, "")
    last_name = _words(_("Last name"), 100, "")
    phone = _words(_("Phone"), 20, "")
    company = _words(_("Company"), 150, "")
    street = _words(_("Street"), 200, "")
    postal_code = _words(_("Postal code"), 20, "")
    city = _words(_("City"), 100, "")
    country = forms.ChoiceField(label=_("Country"), required=False)
    notes = _words(_("Notes"), 5000, "", rows=3)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known, stored = countries(get_language() or "en"), self.initial.get("country", "")
        # An import may have brought a code that is no country: editing something else shall not lose it.
        odd = [(stored, stored)] if stored and stored not in dict(known) else []
        self.fields["country"].choices = [("", _("Choose …")), *odd, *known]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def profile(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in PROFILE}


class NewContactForm(ProfileForm):
    """A person added by hand."""

    email = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput())
    field_order = ("email",)


class ListForm(forms.Form):
    """A topic that people may join."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"),
        help_text=_("Shown to people where they choose what to get."),
        max_length=300,
        required=False,
    )


class TagForm(forms.Form):
    """A tag by its name."""

    name = forms.CharField(label=_("Tag"), max_length=60)


class BasisForm(forms.Form):
    """Why somebody may be put on a list without a confirmation mail."""

    list = forms.UUIDField()
    basis = forms.CharField(label=_("How did they agree?"), max_length=300)


class SegmentNameForm(forms.Form):
    """A segment to be made: its name; the conditions come next."""

    name = forms.CharField(label=_("Name"), max_length=100)


class SegmentForm(SegmentNameForm):
    """A segment's name and conditions. Conditions are added and removed by posting, so the builder needs no script."""

    match = forms.ChoiceField(
        label=_("Contacts for whom"),
        choices=[("all", _("all of these hold")), ("any", _("any of these holds"))],
    )

    ROWS = 12
    LONGEST = 200

    @property
    def is_drafting(self) -> bool:
        """Whether the post only asks for another look: a condition more or less, or the count."""
        return any(name in self.data for name in ("add", "remove", "count"))

    @property
    def is_full(self) -> bool:
        return len(self.conditions) >= self.ROWS

    @cached_property
    def conditions(self) -> list[dict[str, str]]:
        """The conditions as they stand: as posted where something was, else as stored."""
        if not self.is_bound:
            return list(self.initial.get("conditions", []))
        posted = [self._posted(index) for index in range(self.ROWS) if str(index) != self.data.get("remove")]
        rows = [row for row in posted if row["field"]]
        added = self.data.get("add", "")
        return [*rows, {"field": added, "op": "", "value": ""}][: self.ROWS] if added in SEGMENT_FIELDS else rows

    def tree(self) -> dict[str, Any]:
        """The conditions as a segment's tree."""
        return {self.cleaned_data["match"]: self.conditions}

    def rows(self, workspace: Workspace) -> Iterator[dict[str, Any]]:
        """The conditions with what the page needs to draw them."""
        for row in self.conditions:
            if known := SEGMENT_FIELDS.get(row["field"]):
                yield row | {"known": known, "choices": known.choices(workspace) if known.choices else None}

    def _posted(self, index: int) -> dict[str, str]:
        # PostgreSQL stores no NUL in text.
        return {
            part: str(self.data.get(f"{part}-{index}", ""))[: self.LONGEST].replace("\0", "")
            for part in ("field", "op", "value")
        }


def flat(tree: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the builder starts with for a stored tree; None for conditions inside conditions, which it can't draw."""
    match = "any" if "any" in tree else "all"
    rows = tree.get(match, [tree] if tree else [])
    if any("all" in row or "any" in row for row in rows):
        return None
    conditions = [{part: str(row.get(part, "")) for part in ("field", "op", "value")} for row in rows]
    return {"match": match, "conditions": conditions}
