"""Choosing a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import terms
from plainsail.hosting.models import Plan


def _card(label: Any, size: int, complete: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": complete, "inputmode": "numeric"})
    return forms.CharField(label=label, max_length=size, widget=widget)


class PlanForm(forms.Form):
    """A plan, its add-ons, and the card that pays for them."""

    plan = forms.ChoiceField(label=_("Plan"), widget=forms.RadioSelect)
    addons = forms.MultipleChoiceField(label=_("Add-ons"), required=False, widget=forms.CheckboxSelectMultiple)
    number = _card(_("Card number"), 30, "cc-number")
    expiry = _card(_("Good until (month/year)"), 9, "cc-exp")
    cvc = _card(_("Security code"), 6, "cc-csc")

    CARD = ("number", "expiry", "cvc")

    def __init__(self, *args: Any, plans: Sequence[Plan], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, wanted in (("plan", False), ("addons", True)):
            field: Any = self.fields[name]
            field.choices = [
                (plan.slug, f"{plan.name}: {terms.sentence(plan.price, plan.price.amount)}")
                for plan in plans
                if plan.is_addon is wanted
            ]
        self.fields["plan"].initial = next((plan.slug for plan in plans if not plan.is_addon), None)
        if not any(plan.is_addon for plan in plans):
            del self.fields["addons"]

    @property
    def slugs(self) -> list[str]:
        """Everything chosen, the plan first."""
        return [self.cleaned_data["plan"], *self.cleaned_data.get("addons", [])]

    @property
    def card(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.CARD}
