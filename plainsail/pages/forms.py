"""Input of the pages' screens, checked."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.pages.services import sites
from plainsail.pages.starters import STARTERS


class NewPageForm(forms.Form):
    """Which starter a new page is made from, and what it is called."""

    starter = forms.ChoiceField(choices=[(starter.key, starter.label) for starter in STARTERS.values()])
    title = forms.CharField(label=_("Title"), max_length=120, required=False)


class PageForm(forms.Form):
    """What a page says about itself."""

    title = forms.CharField(
        label=_("Title"), max_length=120, help_text=_("Stands in the browser’s tab and in search results.")
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences for search results."),
    )
    path = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("Where the page stands on your site. “/” is the first page."),
    )

    def clean_path(self) -> str:
        try:
            return sites.clean_path(self.cleaned_data["path"])
        except sites.BadAddress as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class VersionForm(forms.Form):
    """The name under which a version is kept."""

    name = forms.CharField(label=_("Name of this version"), max_length=80)
