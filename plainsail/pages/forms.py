"""Input of the pages' screens, checked."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from plainsail.files.models import File
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


class ListingForm(forms.Form):
    """How a page appears in search results, and where it is shared."""

    social_title = forms.CharField(label=_("Title when shared"), max_length=120, required=False)
    social_text = forms.CharField(
        label=_("Text when shared"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    social_image: forms.ModelChoiceField[File] = forms.ModelChoiceField(
        label=_("Picture when shared"),
        queryset=None,
        required=False,
        empty_label=_("None"),
        help_text=_("Best twice as wide as high."),
    )
    is_hidden = forms.BooleanField(
        label=_("Hide from search engines"),
        required=False,
        help_text=_("For thank-you pages and offers for some only."),
    )
    canonical_url = forms.URLField(
        label=_("Original"),
        max_length=500,
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text=_("Only where the same text stands somewhere else first: its full address."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Rows of the open workspace: only known when a form is made, not when this class is.
        images = cast("forms.ModelChoiceField[File]", self.fields["social_image"])
        images.queryset = File.objects.filter(kind=File.Kind.PICTURE).order_by("-created_at", "-id")


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
