"""What somebody who cancels may say; nothing more is asked, and nothing of it is a condition."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Price, Product
from plainsail.commerce.services.shapes import every
from plainsail.contacts.services import addresses
from plainsail.subscriptions.models import PriceRise

REASONS = [
    ("", _("I’d rather not say")),
    ("too_expensive", _("It costs too much")),
    ("missing_features", _("Something is missing")),
    ("switched", _("I use something else now")),
    ("unused", _("I don’t use it")),
    ("service", _("I was unhappy with the service")),
    ("too_complex", _("It is too complicated")),
    ("other", _("Something else")),
]


class Day(forms.DateInput):
    """The browser's own field for a day."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def need_a_day(form: forms.Form, cleaned: dict[str, Any]) -> dict[str, Any]:
    """A later end needs its day."""
    if cleaned.get("when") == "later" and not cleaned.get("end_on") and "end_on" not in form.errors:
        form.add_error("end_on", _("Please say on which day."))
    return cleaned


class ConfirmForm(forms.Form):
    """The one page between “Cancel subscription” and its receipt."""

    when = forms.ChoiceField(
        label=_("When should it end?"),
        choices=[
            ("period_end", _("At the end of the time you have paid for")),
            ("later", _("Later, at the end of a day")),
            ("now", _("Now")),
        ],
        initial="period_end",
        widget=forms.RadioSelect,
    )
    end_on = forms.DateField(
        label=_("The last day"), help_text=_("Only for a later end."), required=False, widget=Day()
    )
    shown_charges = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    """Fingerprint of what the page said is charged until a later end: the outcome must be the same."""
    shown_refund = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**12, required=False)
    """Minor units that the page promised for “now”: the outcome must meet it or be better."""
    reason = forms.ChoiceField(label=_("Why are you leaving?"), choices=REASONS, required=False)
    feedback = forms.CharField(
        label=_("Anything we should know?"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        return need_a_day(self, super().clean() or {})

    @property
    def later_end(self) -> date | None:
        """The day until which it shall run, to be shown with what that costs; none where none was named."""
        if not self.is_bound or self.data.get("when") != "later":
            return None
        found: date | None = getattr(self, "cleaned_data", {}).get("end_on")
        return found

    @property
    def is_shown(self) -> bool:
        """Whether all that is confirmed stood on the page: what is charged until a later end must have been. Of a valid form."""
        return self.cleaned_data["when"] != "later" or bool(self.cleaned_data["shown_charges"])


class DeclarationForm(forms.Form):
    """What both public pages have in common: the confirmation must reach somebody."""

    def clean_email(self) -> str:
        entered: str = self.cleaned_data["email"]
        try:
            addresses.normalise(entered)
        except addresses.BadAddress as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return entered


class PublicCancellationForm(DeclarationForm):
    """The page behind “Cancel contracts here”. Its fields are the ones § 312k BGB asks for and allows, no others."""

    kind = forms.ChoiceField(
        label=_("What do you want to declare?"),
        choices=[
            ("ordinary", _("I cancel the contract (ordinary cancellation)")),
            ("extraordinary", _("I cancel for an important reason (extraordinary cancellation)")),
        ],
        initial="ordinary",
        widget=forms.RadioSelect,
    )
    cause = forms.CharField(
        label=_("The reason, if it is an extraordinary cancellation"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    contract = forms.CharField(
        label=_("Which contract?"),
        help_text=_("The contract number, an invoice number, or the e-mail address you bought with."),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    end = forms.CharField(
        label=_("When should it end?"),
        help_text=_("You can also write a day, such as 31 December: then it ends with that day."),
        initial=_("At the earliest possible date"),
        max_length=60,
        required=False,
    )
    email = forms.EmailField(
        label=_("Where should the confirmation go?"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == "extraordinary" and not cleaned.get("cause"):
            self.add_error("cause", _("Please say what the reason is; one sentence is enough."))
        return cleaned

    def recap(self) -> list[tuple[str, str]]:
        """What was entered, field by field in words; what was left empty isn't there."""
        kinds = dict(self.fields["kind"].choices)  # type: ignore[attr-defined]  # a ChoiceField
        entered = self.cleaned_data | {"kind": kinds[self.cleaned_data["kind"]]}
        return [(str(field.label), str(entered[name])) for name, field in self.fields.items() if entered[name]]


class WithdrawalForm(DeclarationForm):
    """The page behind “Withdraw from contract here” (Consumer Rights Directive, art. 11a)."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    contract = forms.CharField(
        label=_("Which contract?"),
        help_text=_("The contract number, an invoice number, or the e-mail address you bought with."),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("Where should the confirmation go?"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )


class StaffNoticeForm(forms.Form):
    """A notice that came by letter, mail or phone: it counts from when it arrived."""

    received_at = forms.DateTimeField(
        label=_("When did it arrive?"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    when = forms.ChoiceField(
        label=_("When should it end?"),
        choices=[
            ("period_end", _("At the end of the time paid for")),
            ("later", _("Later, at the end of a day")),
            ("now", _("Now")),
            ("withdrawal", _("Now, because the customer withdraws from the contract in the first days after buying")),
        ],
        initial="period_end",
        widget=forms.RadioSelect,
    )
    end_on = forms.DateField(
        label=_("The last day"),
        help_text=_("Only for a later end. What is charged until then stands in the customer’s confirmation."),
        required=False,
        widget=Day(),
    )
    note = forms.CharField(
        label=_("What was said"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        return need_a_day(self, super().clean() or {})


class ToldForm(forms.Form):
    """That a customer was told of a charge by other means than mail."""

    how = forms.CharField(
        label=_("How was the customer told?"),
        max_length=200,
        help_text=_("Such as “by letter”, or “by phone, to Maren”."),
    )
    on = forms.DateField(label=_("On which day?"), widget=Day())


class AsideForm(forms.Form):
    """Why a declaration means nothing here."""

    words = forms.CharField(
        label=_("What is it?"),
        max_length=300,
        help_text=_("Such as “advertising”, or “meant another shop, answered by mail”."),
    )


class AddonForm(forms.Form):
    """An add-on, as it was shown."""

    price = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=40)
    """Fingerprint of what the page said: the outcome must be the same."""


class AddonRemovalForm(forms.Form):
    """When an add-on ends, and what the page said comes back."""

    when = forms.ChoiceField(
        choices=[("period_end", _("At the end of the time paid for")), ("now", _("Now"))],
        initial="period_end",
        widget=forms.RadioSelect,
    )
    shown_minor = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)


class PriceRiseForm(forms.Form):
    """Another price for running contracts, from when, and what happens where nobody agrees."""

    old_price: forms.ModelChoiceField[Price] = forms.ModelChoiceField(
        label=_("Contracts at"), queryset=None, empty_label=_("Choose …")
    )
    new_price: forms.ModelChoiceField[Price] = forms.ModelChoiceField(
        label=_("New price"),
        queryset=None,
        empty_label=_("Choose …"),
        help_text=_("Of the same product, for the same interval. Make it on the product’s page first."),
    )
    starts_on = forms.DateField(
        label=_("Not before"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text=_(
            "Each contract changes with its first period from this day on, three weeks from now at the earliest."
        ),
    )
    otherwise = forms.ChoiceField(
        label=_("Where a consumer doesn’t agree"),
        choices=PriceRise.Otherwise.choices,
        initial="keep",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, prices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("old_price", "new_price"):
            field = self.fields[name]
            field.queryset = prices  # type: ignore[attr-defined]  # a ModelChoiceField
            field.label_from_instance = _price_words  # type: ignore[attr-defined]  # a ModelChoiceField


def _price_words(price: Price) -> str:
    shown = price.amount.format(get_language() or "en")
    return f"{price.product.name}: {shown} {every(price.interval, price.interval_count)}"


class AddonOfferForm(forms.Form):
    """Which product may be added to which."""

    base: forms.ModelChoiceField[Product] = forms.ModelChoiceField(
        label=_("To contracts for"), queryset=None, empty_label=_("Choose …")
    )
    addon: forms.ModelChoiceField[Product] = forms.ModelChoiceField(
        label=_("customers may add"), queryset=None, empty_label=_("Choose …")
    )

    def __init__(self, *args: Any, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("base", "addon"):
            self.fields[name].queryset = products  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("base") and cleaned.get("base") == cleaned.get("addon"):
            self.add_error("addon", _("A product can’t be added to itself. Choose another."))
        return cleaned


class PauseForm(forms.Form):
    """Until when a contract rests."""

    resumes_on = forms.DateField(label=_("When should it go on?"), required=False, widget=Day())
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**12, required=False)
    """Minor units that going on that day was said to cost."""


class ResumeForm(forms.Form):
    """Going on, for what was shown."""

    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**12)


class MoveForm(forms.Form):
    """Another day for the next charge. `days` is asked of staff: customers pay for the days until a later one."""

    to_on = forms.DateField(label=_("On which day should the next charge come?"), widget=Day())
    days = forms.ChoiceField(
        label=_("If that is later, the days in between"),
        choices=[("given", _("are free")), ("charged", _("are charged for themselves, on the day foreseen until now"))],
        initial="given",
        required=False,
        widget=forms.RadioSelect,
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    """Fingerprint of what the page said: the outcome must be the same."""

    def clean_days(self) -> str:
        return self.cleaned_data["days"] or "given"


class CardForm(forms.Form):
    """A card, where the gateway lets it be typed here."""

    number = forms.CharField(
        label=_("Card number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "cc-number", "inputmode": "numeric"}),
    )
    expiry = forms.CharField(
        label=_("Good until (month/year)"),
        max_length=9,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "cc-exp", "inputmode": "numeric"}),
    )
    cvc = forms.CharField(
        label=_("Security code"),
        max_length=6,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "cc-csc", "inputmode": "numeric"}),
    )

    CARD = ("number", "expiry", "cvc")

    @property
    def card(self) -> dict[str, str]:
        """What was typed; empty where nothing was."""
        typed = {name: self.cleaned_data[name] for name in self.CARD}
        return typed if any(typed.values()) else {}

    def to_show_again(self) -> None:
        """For the answer that says what is wrong: a card is never sent back."""
        self.data = {name: value for name, value in self.data.items() if name not in self.CARD}


class ChangeForm(CardForm):
    """Another plan, as it was shown, and the card that pays where it isn’t the contract’s own."""

    plan = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=40)
    """Fingerprint of what the page said: the outcome must be the same."""

    @property
    def wish(self) -> dict[str, Any]:
        """What is asked for: `plan`, as `shown`, and the `card` that was typed, empty where the contract’s own is to pay."""
        return {"plan": self.cleaned_data["plan"], "shown": self.cleaned_data["shown"], "card": self.card}
