"""Choosing a plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.forms import CardForm


class PlanForm(CardForm):
    """A plan, its add-ons, and the card that pays for them."""

    plan = forms.ChoiceField(label=_("Plan"), widget=forms.RadioSelect)
    addons = forms.MultipleChoiceField(label=_("Add-ons"), required=False, widget=forms.CheckboxSelectMultiple)

    field_order = ("plan", "addons")

    def __init__(self, *args: Any, plans: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(plan.slug, f"{plan.name}: {plan.price.terms()}") for plan in plans]
        addons = {plan.slug for plan in plans if plan.is_addon}
        self.fields["plan"].choices = [choice for choice in choices if choice[0] not in addons]
        self.fields["addons"].choices = [choice for choice in choices if choice[0] in addons]

    @property
    def slugs(self) -> list[str]:
        """Everything chosen, the plan first."""
        return [self.cleaned_data["plan"], *self.cleaned_data["addons"]]
