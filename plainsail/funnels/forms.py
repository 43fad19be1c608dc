"""Input about funnels, checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Offer
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import bundling, drawing
from plainsail.funnels.services.publishing import PAGES
from plainsail.funnels.services.routing import Kind
from plainsail.funnels.starters import TEMPLATES
from plainsail.kernel.models import Workspace
from plainsail.pages import queries as page_queries
from plainsail.pages.models import Form, Page

PERIODS = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    90: gettext_lazy("90 days"),
    365: gettext_lazy("A year"),
}


class NewForm(forms.Form):
    """What a new funnel starts from."""

    template = forms.CharField(max_length=40, required=False)

    def clean_template(self) -> str:
        key = str(self.cleaned_data["template"])
        if key and key not in TEMPLATES:
            raise forms.ValidationError(_("Choose one of the starting points offered."))
        return key


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class InsertForm(forms.Form):
    """Which kind of step goes where."""

    kind = forms.ChoiceField(choices=FunnelStep.Kind.choices)
    position = forms.IntegerField(min_value=0, max_value=1000)


class MoveForm(forms.Form):
    """One place up or down."""

    by = forms.TypedChoiceField(choices=[("-1", "-1"), ("1", "1")], coerce=int)


class StepForm(forms.Form):
    """The settings of a step: those that its kind has. A split's pages are fields of their own, see `_ask_for_pages`."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    page = forms.ChoiceField(label=gettext_lazy("Page"), required=False)
    offer = forms.ChoiceField(label=gettext_lazy("Offer"), required=False)
    list = forms.ChoiceField(
        label=gettext_lazy("Buyers join"),
        required=False,
        help_text=gettext_lazy(
            "So that the mails behind it reach them. What they bought is kept as the reason; whoever left the list stays off."
        ),
    )
    email = forms.ChoiceField(label=gettext_lazy("Mail"), required=False)
    amount = forms.IntegerField(label=gettext_lazy("Wait"), min_value=1, max_value=1000, required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=FunnelStep.Unit.choices, required=False)

    def __init__(self, *args: Any, workspace: Workspace, step: FunnelStep, **kwargs: Any) -> None:
        self.workspace, self.step = workspace, step
        kwargs["initial"] = _initial(step)
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - wanted(step):
            del self.fields[name]
        self.places = list(step.split_pages.all()) if step.kind == Kind.SPLIT else []
        self._ask_for_pages()
        self.found: dict[str, dict[str, Any]] = {
            name: rows for name, rows in self._rows().items() if name in self.fields
        }
        for name, rows in self.found.items():
            nothing = _("No list") if name == "list" else _("Choose …")
            said = [("", nothing), *((key, str(row)) for key, row in rows.items())]
            self.fields[name].choices = said  # type: ignore[attr-defined]  # a ChoiceField

    def _ask_for_pages(self) -> None:
        """Two fields for each page of a split: which, and who see it. A page with 0 per cent goes."""
        for place in self.places:
            letter = {"letter": place.letter}
            self.fields[f"page-{place.position}"] = forms.ChoiceField(
                label=_("Page %(letter)s") % letter, required=False, initial=str(place.page_id or "")
            )
            self.fields[f"share-{place.position}"] = forms.IntegerField(
                label=_("Per cent who see %(letter)s") % letter,
                min_value=0,
                max_value=drawing.WHOLE,
                initial=place.share,
            )

    def _rows(self) -> dict[str, dict[str, Any]]:
        pages = _by_key(page_queries.addressed_pages(self.workspace))
        offers = _by_key(Offer.objects.live().filter(workspace=self.workspace).order_by("name", "id"))
        emails = self.workspace.emails.exclude(subject="").order_by("-edited_at", "id")[:200]
        split = {f"page-{place.position}": pages for place in self.places}
        lists = _by_key(self.workspace.lists.order_by("name", "id"))
        return {"page": pages, "offer": offers, "list": lists, "email": self._and_own(_by_key(emails)), **split}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.places or self.errors:
            return cleaned
        if sum(share for _page, share in self.split) != drawing.WHOLE:
            raise forms.ValidationError(_("The shares must make 100 per cent."))
        if len(self.split) < drawing.LEAST_PAGES:
            raise forms.ValidationError(_("A split shows two pages at least."))
        chosen = [cleaned[f"page-{place.position}"] for place in self.places]
        for place in self.places:
            if chosen[place.position] and chosen[place.position] in chosen[: place.position]:
                self.add_error(f"page-{place.position}", _("This page is in the split already."))
        return cleaned

    @property
    def split(self) -> Sequence[tuple[Page | None, int]]:
        """The pages of a split with their shares, without those that nobody would see."""
        shown: list[tuple[Page | None, int]] = []
        for place in self.places:
            name, share = f"page-{place.position}", self.cleaned_data[f"share-{place.position}"]
            if share:
                shown.append((self.found[name].get(self.cleaned_data[name]), share))
        return shown

    def _and_own(self, emails: dict[str, Any]) -> dict[str, Any]:
        own = self.step.email
        return {str(own.id): own, **emails} if own is not None else emails

    def values(self) -> dict[str, Any]:
        """Fields of the step to their values; the form on a chosen page comes with it."""
        values = {
            name: self.found[name].get(value) if name in self.found else value
            for name, value in self.cleaned_data.items()
            if name in self.base_fields and (value not in (None, "") or name in self.found)
        }
        if self.step.kind == Kind.FORM:
            values["form"] = form_on(values.get("page"))
        return values


def wanted(step: FunnelStep) -> set[str]:
    """Which settings a kind has."""
    found = {"name"}
    if step.kind in PAGES - {Kind.SPLIT}:
        found |= {"page"}
    if step.sells:
        found |= {"offer"}
    if step.kind == Kind.CHECKOUT:
        found |= {"list"}
    if step.kind == Kind.MAIL:
        found |= {"email"}
    return found | {"amount", "unit"} if step.kind == Kind.WAIT else found


def form_on(page: Page | None) -> Form | None:
    """The first form that stands on a page."""
    keys = [key for kind, key in page.document.references() if kind == "form"] if page is not None else []
    found: Form | None = Form.objects.filter(id__in=keys[:1]).first()
    return found


def _initial(step: FunnelStep) -> dict[str, Any]:
    names = ("page_id", "offer_id", "list_id", "email_id")
    keys = {name.removesuffix("_id"): str(getattr(step, name) or "") for name in names}
    return {"name": step.name, "amount": step.amount, "unit": step.unit, **keys}


def _by_key(rows: Any) -> dict[str, Any]:
    return {str(row.id): row for row in rows}


class PeriodForm(forms.Form):
    """For which time and which source numbers are asked."""

    days = forms.TypedChoiceField(label=gettext_lazy("Time"), choices=list(PERIODS.items()), coerce=int, required=False)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=200, required=False)

    @property
    def back(self) -> timedelta:
        return timedelta(days=self.cleaned_data.get("days") or 30) if self.is_valid() else timedelta(days=30)

    @property
    def wanted_source(self) -> str:
        return str(self.cleaned_data.get("source") or "").replace("\x00", "") if self.is_valid() else ""


class SimulationForm(forms.Form):
    """How many come, and per cent at each step."""

    visitors = forms.IntegerField(label=gettext_lazy("Visitors"), min_value=1, max_value=10_000_000)

    def __init__(self, *args: Any, steps: list[FunnelStep], typical: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for step in steps:
            self.fields[f"rate-{step.id}"] = forms.IntegerField(
                label=step.name, min_value=0, max_value=100, initial=typical[str(step.id)]
            )

    @property
    def rates(self) -> dict[str, int]:
        """Step id to per cent."""
        return {name.removeprefix("rate-"): value for name, value in self.cleaned_data.items() if name != "visitors"}


class CodeForm(forms.Form):
    """A code as somebody typed it."""

    code = forms.CharField(label=gettext_lazy("Share code"), max_length=60)


class MakeCodeForm(forms.Form):
    """For whom a new code works."""

    use = forms.ChoiceField(choices=[("many", ""), ("one", "")])


class PackageForm(forms.Form):
    """A file with a funnel in it."""

    file = forms.FileField(label=gettext_lazy("Funnel file"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > bundling.MOST_BYTES:
            raise forms.ValidationError(_("This file is too large to be a funnel."))
        return file
