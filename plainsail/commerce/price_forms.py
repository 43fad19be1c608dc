"""What a price is made of, as staff describe it. Nothing is saved here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from plainsail.commerce.forms import CURRENCIES, LARGEST, ProductForm
from plainsail.commerce.models import Price, TaxBehavior
from plainsail.commerce.services import catalogue, shapes
from plainsail.commerce.services.catalogue import BadTerms, PriceTerms
from plainsail.kernel.money import BadMoney, Money

ONCE, RECURRING, PARTS, AGAIN = "once", "recurring", "parts", "again"
EVERY = [
    (Price.Every.WEEK.value, gettext_lazy("every week")),
    (Price.Every.MONTH.value, gettext_lazy("every month")),
    (Price.Every.YEAR.value, gettext_lazy("every year")),
]


class PriceForm(forms.Form):
    """An amount, when it is paid and how often, and the trial before it."""

    amount = forms.CharField(
        label=gettext_lazy("Price"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "29.00"}),
        help_text=gettext_lazy("Of one payment."),
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    kind = forms.ChoiceField(
        label=gettext_lazy("How is it paid?"),
        required=False,
        widget=forms.RadioSelect,
        initial=ONCE,
        choices=[
            (ONCE, gettext_lazy("Once")),
            (RECURRING, gettext_lazy("Again and again, until it is cancelled")),
            (PARTS, gettext_lazy("In instalments")),
            (AGAIN, gettext_lazy("In instalments that begin anew")),
        ],
    )
    interval = forms.ChoiceField(
        label=pgettext_lazy("how often", "Paid"),
        required=False,
        choices=EVERY,
        initial=Price.Every.MONTH.value,
    )
    interval_count = forms.IntegerField(
        label=gettext_lazy("Every how many"),
        min_value=1,
        max_value=60,
        required=False,
        initial=1,
        help_text=gettext_lazy("3 and “every month” make a quarter."),
    )
    payments = forms.IntegerField(
        label=gettext_lazy("How many payments"),
        min_value=2,
        max_value=shapes.MOST_PAYMENTS,
        required=False,
        help_text=gettext_lazy("Each of them the price above. The first is paid at once, or when the trial ends."),
    )
    cycle = forms.ChoiceField(
        label=gettext_lazy("They begin anew"), required=False, choices=EVERY, initial=Price.Every.YEAR.value
    )
    cycle_count = forms.IntegerField(
        label=gettext_lazy("Anew every how many"), min_value=1, max_value=60, required=False, initial=1
    )
    trial_days = forms.IntegerField(
        label=gettext_lazy("Trial, in days"),
        min_value=0,
        max_value=365,
        required=False,
        initial=0,
        help_text=gettext_lazy("Access begins at once. The card is checked at once and charged when the trial ends."),
    )
    initial_price = forms.CharField(
        label=gettext_lazy("Price of the trial"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "0.00"}),
        help_text=gettext_lazy("Paid at once, beside the price. Leave it empty for a free trial."),
    )
    tax_behavior = forms.ChoiceField(
        label=gettext_lazy("Tax"), choices=TaxBehavior.choices, required=False, initial=TaxBehavior.INCLUSIVE
    )

    FIELDS_OF_TERMS = {"initial": "initial_price"}

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict.fromkeys([currency, *CURRENCIES])
        self.fields["currency"].choices = [(code, code) for code in known]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["currency"].initial = currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["kind"] = cleaned.get("kind") or (RECURRING if cleaned.get("interval") else ONCE)
        if "currency" in cleaned:
            cleaned["money"] = self._money("amount", cleaned)
            cleaned["initial"] = self._money("initial_price", cleaned) if cleaned.get("initial_price") else None
        if cleaned["kind"] in {PARTS, AGAIN} and not cleaned.get("payments") and "payments" not in self.errors:
            self.add_error("payments", _("Say how many payments there are."))
        if not self.errors:
            self._check(cleaned)
        return cleaned

    def _money(self, name: str, cleaned: dict[str, Any]) -> Money | None:
        if name not in cleaned:
            return None
        try:
            money = Money.parse(cleaned[name], cleaned["currency"])
        except BadMoney:
            example = Money.parse("29", cleaned["currency"]).decimal
            self.add_error(name, _("Write an amount such as %(example)s.") % {"example": example})
            return None
        if money.minor < 0 or money.minor > LARGEST:
            self.add_error(name, _("A price is zero or more, and not astronomic."))
        return money

    def _check(self, cleaned: dict[str, Any]) -> None:
        try:
            catalogue.refuse_bad(self._terms(cleaned))
        except BadTerms as refusal:
            field = refusal.field or ""
            self.add_error(self.FIELDS_OF_TERMS.get(field, field), str(refusal))

    @property
    def terms(self) -> PriceTerms:
        """What was described. For a form that is valid."""
        return self._terms(self.cleaned_data)

    def _terms(self, data: dict[str, Any]) -> PriceTerms:
        is_once, has_parts, is_again = data["kind"] == ONCE, data["kind"] in {PARTS, AGAIN}, data["kind"] == AGAIN
        return PriceTerms(
            amount=data["money"],
            interval="" if is_once else data["interval"] or Price.Every.MONTH.value,
            interval_count=1 if is_once else data["interval_count"] or 1,
            payments=data["payments"] if has_parts else None,
            cycle=(data["cycle"] or Price.Every.YEAR.value) if is_again else "",
            cycle_count=(data["cycle_count"] or 1) if is_again else 1,
            trial_days=data["trial_days"] or 0,
            initial=data["initial"],
            tax_behavior=data["tax_behavior"] or TaxBehavior.INCLUSIVE,
        )

    def sentence(self) -> str:
        """What a customer pays and when; empty until it is known."""
        if not self.is_bound or not self.is_valid():
            return ""
        terms = self.terms
        return shapes.sentence(terms.shape, terms.amount, initial=terms.initial)


class NewProductForm(ProductForm, PriceForm):
    """A product with its first price."""
