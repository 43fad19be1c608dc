"""Input about contacts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.services.contacts import PROFILE


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
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=_("Country"),
        help_text=_("Two letters, such as DE."),
        required=False,
        error_messages={"invalid": _("Two letters, such as DE or FR.")},
    )
    notes = _words(_("Notes"), 5000, "", rows=3)

    @property
    def profile(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in PROFILE}

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()


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


class SegmentForm(forms.Form):
    """A segment's name, and whether all or any of its conditions must hold."""

    name = forms.CharField(label=_("Name"), max_length=100)
    match = forms.ChoiceField(
        label=_("Contacts for whom"),
        choices=[("all", _("all of these hold")), ("any", _("any of these holds"))],
        initial="all",
    )

    ROWS = 6

    def tree(self) -> dict[str, Any]:
        """The conditions that were filled in, as a segment's tree."""
        rows = []
        for index in range(self.ROWS):
            field = self.data.get(f"field-{index}", "")
            if field:
                rows.append(
                    {
                        "field": field,
                        "op": self.data.get(f"op-{index}", ""),
                        "value": self.data.get(f"value-{index}", ""),
                    }
                )
        return {self.cleaned_data["match"]: rows}
