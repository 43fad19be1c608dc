"""Input of the pages' screens, checked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.pages.models import SplitTest
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


class SplitForm(forms.Form):
    """What a split test counts, how long it runs, and each variant's share."""

    goal = forms.ChoiceField(label=_("What counts"), choices=SplitTest.Goal)
    decides = forms.BooleanField(
        label=_("Show the winner to everybody by itself"),
        required=False,
        help_text=_("Else the test goes on until you end it."),
    )
    least_days = forms.IntegerField(
        label=_("At least, days"),
        min_value=1,
        max_value=90,
        help_text=_("Whole weeks are best: people are others on Sundays."),
    )
    most_days = forms.IntegerField(label=_("At most, days"), min_value=1, max_value=180)

    def __init__(self, *args: Any, test: SplitTest, **options: Any) -> None:
        names = ("goal", "decides", "least_days", "most_days")
        self.letters = list(test.variants.order_by("letter").values_list("letter", "share"))
        options["initial"] = {name: getattr(test, name) for name in names}
        super().__init__(*args, **options)
        for letter, share in self.letters:
            label = _("Share of %(letter)s, in a hundred") % {"letter": letter}
            self.fields[f"share_{letter}"] = forms.IntegerField(label=label, min_value=1, max_value=99, initial=share)

    @property
    def shares(self) -> list[forms.BoundField]:
        return [self[f"share_{letter}"] for letter, _share in self.letters]

    @property
    def wanted(self) -> dict[str, Any]:
        """What is to be stored, once it is valid."""
        given = {name: self.cleaned_data[name] for name in ("goal", "decides", "least_days", "most_days")}
        return given | {"shares": [self.cleaned_data[f"share_{letter}"] for letter, _share in self.letters]}
