"""Policies that are a few fields each, as they are typed: declined charges, data after the end, pauses. Nothing is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.subscriptions.services import limits
from plainsail.subscriptions.services.policies import BadPolicy


class DunningForm(forms.Form):
    """When a declined charge is tried again."""

    since = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**6)
    retry_days = forms.CharField(
        label=_("Further tries, days after the first"),
        max_length=40,
        help_text=_("Such as 3, 7, 14. One at least, three at most, the last within 60 days."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    mails = forms.ChoiceField(
        label=_("The customer is written to"),
        choices=[
            ("each", _("after each declined charge")),
            ("first_and_last", _("the first time and before the last try")),
        ],
        widget=forms.RadioSelect,
    )

    then = forms.ChoiceField(
        label=_("After the last try"),
        choices=[
            ("end", _("the contract ends")),
            ("pause", _("the contract rests until its customer goes on; what is paid in parts ends all the same")),
        ],
        widget=forms.RadioSelect,
        initial="end",
    )

    def clean_retry_days(self) -> list[int]:
        words = [word for word in re.split(r"[\s,;]+", self.cleaned_data["retry_days"]) if word]
        if not words or not all(re.fullmatch(r"[0-9]{1,3}", word) for word in words):
            raise forms.ValidationError(_("Write whole numbers of days, such as 3, 7, 14."))
        return [int(word) for word in words]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            _check(self, "dunning")
        return cleaned

    @property
    def text(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"retry_days": data["retry_days"], "then": data["then"], "mails": data["mails"]}

    @staticmethod
    def initial_of(standing: Mapping[str, Any]) -> dict[str, Any]:
        days = ", ".join(str(day) for day in standing["retry_days"])
        return {
            "since": standing["version"],
            "retry_days": days,
            "mails": standing.get("mails", "each"),
            "then": standing.get("then", "end"),
        }


class RetentionForm(forms.Form):
    """How long everything can be taken back after the business has closed, and for how long documents are kept."""

    since = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**6)
    grace_days = forms.IntegerField(label=_("Days for exporting and undoing, before data is erased"))
    documents_years = forms.IntegerField(label=_("Years that invoices and books are kept"))

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            _check(self, "retention", country=self.country)
        return cleaned

    @property
    def text(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("grace_days", "documents_years")}

    @staticmethod
    def initial_of(standing: Mapping[str, Any]) -> dict[str, Any]:
        return {"since": standing["version"], **{key: standing[key] for key in ("grace_days", "documents_years")}}


class PausingForm(forms.Form):
    """What customers may do by themselves with a running contract."""

    since = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**6)
    by_customers = forms.BooleanField(label=_("Customers can pause by themselves"), required=False)
    most_days = forms.IntegerField(
        label=_("For how many days at most"),
        help_text=_("From the end of the time paid for. 0: for as long as they like."),
    )
    access = forms.ChoiceField(
        label=_("What a paused contract opened"),
        choices=[("close", _("closes when the time paid for is over")), ("keep", _("stays open"))],
        widget=forms.RadioSelect,
    )
    move_days = forms.IntegerField(
        label=_("Customers can move their next charge by up to so many days"),
        help_text=_("0: not by themselves. They pay for the days until a later charge; an earlier one pays days back."),
    )
    FIELDS = ("by_customers", "most_days", "access", "move_days")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            _check(self, "pausing")
        return cleaned

    @property
    def text(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.FIELDS}

    @staticmethod
    def initial_of(standing: Mapping[str, Any]) -> dict[str, Any]:
        return {"since": standing["version"], **{name: standing[name] for name in PausingForm.FIELDS}}


def _check(form: DunningForm | RetentionForm | PausingForm, kind: str, *, country: str = "") -> None:
    try:
        limits.check(kind, form.text, country=country)
    except BadPolicy as fault:
        field = fault.at[0] if fault.at else None
        form.add_error(field if isinstance(field, str) and field in form.fields else None, str(fault))
