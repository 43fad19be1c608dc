"""Choosing a plan, closing the business, erasing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.commerce.models import Price
from plainsail.commerce.services import terms
from plainsail.hosting.models import LIMITS, Closure, Plan


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

    def __init__(self, *args: Any, plans: Sequence[Plan], stated: Mapping[str, str], **options: Any) -> None:
        """`stated` says what each plan costs, by its slug."""
        super().__init__(*args, **options)
        for name, wanted in (("plan", False), ("addons", True)):
            field: Any = self.fields[name]
            field.choices = [(plan.slug, stated[plan.slug]) for plan in plans if plan.is_addon is wanted]
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

    def to_show_again(self) -> None:
        """For the answer that says what is wrong: a card is never sent back."""
        sent: Any = self.data
        self.data = MultiValueDict({name: sent.getlist(name) for name in sent if name not in self.CARD})


class ChoiceForm(forms.Form):
    """A plan that is bought at the checkout."""

    plan = forms.ChoiceField(label=_("Plan"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, plans: Sequence[Plan], stated: Mapping[str, str], **options: Any) -> None:
        """`stated` says what each plan costs, by its slug."""
        super().__init__(*args, **options)
        field: Any = self.fields["plan"]
        field.choices = [(plan.slug, stated[plan.slug]) for plan in plans if not plan.is_addon]
        field.initial = next((plan.slug for plan in plans if not plan.is_addon), None)


def _limit(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=2_000_000_000, help_text=help_text)


class LimitsForm(forms.Form):
    """How much may be had; empty where it isn't limited."""

    people = _limit(_("People who can sign in"))
    domains = _limit(_("Domains of their own"))
    megabytes = _limit(_("Pictures and files, in megabytes"))

    @property
    def limits(self) -> dict[str, int | None]:
        return {name: self.cleaned_data[name] for name in LIMITS}


class PlanWordsForm(LimitsForm):
    """A plan's name and what it includes."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(
        label=_("Description"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    @property
    def words(self) -> dict[str, str]:
        return {"name": self.cleaned_data["name"], "description": self.cleaned_data["description"]}


class PriceChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own class takes none as it runs
    """Prices by product and amount."""

    def label_from_instance(self, obj: Price) -> str:
        return f"{obj.product.name}: {terms.sentence(obj, obj.amount)}"


class NewPlanForm(PlanWordsForm):
    """An ordinary price that is to be a plan."""

    price = PriceChoice(label=_("Price"), queryset=None, empty_label=_("Choose …"))
    is_addon = forms.BooleanField(label=_("It is an add-on to the other plans"), required=False)

    field_order = ("price", "name", "description", "is_addon", *LIMITS)

    def __init__(self, *args: Any, prices: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["price"].queryset = prices  # type: ignore[attr-defined]  # a ModelChoiceField


class ClosingForm(forms.Form):
    """What becomes of the business's own customers."""

    customers = forms.ChoiceField(
        label=_("What becomes of your customers?"),
        choices=Closure.Customers.choices,
        initial=Closure.Customers.PAID_THROUGH,
        widget=forms.RadioSelect,
        required=False,
    )

    def clean_customers(self) -> str:
        return self.cleaned_data["customers"] or Closure.Customers.PAID_THROUGH


class ErasureForm(forms.Form):
    """Erasing everything: meant, and by somebody who can show to be the owner."""

    sure = forms.BooleanField(label=_("Erase everything of this business, for good"))
    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: User, slug: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user, self.slug = user, slug
        if not user.has_usable_password():
            # Who signs in with a passkey only has none: the business's web address says as well that it is meant.
            self.fields["password"] = forms.CharField(
                label=_("The web address of the business: %(slug)s") % {"slug": slug}
            )

    def clean_password(self) -> str:
        """Raises ValidationError unless it is right."""
        given: str = self.cleaned_data["password"]
        has_password = self.user.has_usable_password()
        if not (self.user.check_password(given) if has_password else given.strip().lower() == self.slug):
            raise forms.ValidationError(_("That is not right. Please try again."))
        return given
