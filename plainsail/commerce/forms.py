"""What staff and buyers type, made clean. Nothing is saved here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from plainsail.commerce.models import SellerRounding, Supply
from plainsail.commerce.services import vat
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.vat import BadVatId, VatId
from plainsail.kernel.countries import countries
from plainsail.kernel.money import BadMoney, Money

CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "AUD", "BRL", "CAD", "CZK", "DKK", "HUF", "INR"),
    *("JPY", "KWD", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "ZAR"),
)
LARGEST = 10**12


class CheckoutForm(forms.Form):
    """A buyer, and their card where it is typed here. Amounts are no input: what is paid stands in the order."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        help_text=gettext_lazy("Your receipt goes there."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), widget=forms.Select(attrs={"autocomplete": "country"}), required=False
    )
    number = forms.CharField(
        label=gettext_lazy("Card number"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"autocomplete": "cc-number", "inputmode": "numeric", "placeholder": "1234 5678 9012 3456"}
        ),
    )
    expiry = forms.CharField(
        label=gettext_lazy("Good until"),
        max_length=9,
        widget=forms.TextInput(
            attrs={"autocomplete": "cc-exp", "inputmode": "numeric", "placeholder": gettext_lazy("MM/YY")}
        ),
    )
    cvc = forms.CharField(
        label=gettext_lazy("Security code"),
        max_length=6,
        widget=forms.TextInput(attrs={"autocomplete": "cc-csc", "inputmode": "numeric", "placeholder": "123"}),
    )
    vat_id = forms.CharField(
        label=gettext_lazy("VAT id"),
        max_length=vat.LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("With its country, such as FR12 345678901. It is checked with the EU’s register."),
    )
    pays_by = forms.ChoiceField(
        label=gettext_lazy("Pay by"),
        choices=[("card", gettext_lazy("Card")), ("transfer", gettext_lazy("Bank transfer"))],
        initial="card",
        widget=forms.RadioSelect,
    )
    attempt = forms.CharField(widget=forms.HiddenInput, max_length=2000)

    CARD = ("number", "expiry", "cvc")
    DECIDING = ("country", "vat_id")
    """What the tax depends on."""

    def __init__(
        self,
        *args: Any,
        needs_card: bool,
        takes_transfer: bool = False,
        takes_vat_id: bool = False,
        needs_country: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not takes_transfer:
            del self.fields["pays_by"]
        self.fields["country"].required = needs_country
        if not takes_vat_id:
            del self.fields["vat_id"]
        self.fields["country"].choices = [("", _("Choose …")), *countries(get_language() or "en")]  # type: ignore[attr-defined]  # a ChoiceField
        if not needs_card:
            for name in self.CARD:
                del self.fields[name]
        elif takes_transfer:
            # Which of them is needed is known once the form is sent: the page works without a script.
            for name in self.CARD:
                self.fields[name].required = False

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_company(self) -> str:
        return one_line(self.cleaned_data["company"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("vat_id"):
            self._check_vat_id(cleaned)
        for name in self.CARD if "pays_by" in self.fields and not self.by_transfer else ():
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, self.fields[name].error_messages["required"])
        return cleaned

    @property
    def by_transfer(self) -> bool:
        """Whether the buyer sends the money, instead of a card being charged."""
        return bool(self.cleaned_data.get("pays_by") == "transfer")

    def _check_vat_id(self, cleaned: dict[str, Any]) -> None:
        try:
            found = VatId.parse(cleaned["vat_id"])
        except BadVatId:
            self.add_error("vat_id", _("That isn’t the form of a VAT id. It begins with two letters for the country."))
            return
        country = cleaned.get("country", "")
        if country and not vat.is_of(str(found), country):
            self.add_error("vat_id", _("This VAT id is from another country than the one you chose."))
        cleaned["vat_id"] = str(found)

    @property
    def has_deciding_errors(self) -> bool:
        return any(name in self.errors for name in self.DECIDING)

    def judge_only_what_decides(self) -> bool:
        """Leave what is still missing elsewhere for later; whether country and VAT id are good."""
        for name in [name for name in self.errors if name not in self.DECIDING]:
            del self.errors[name]
        return not self.errors

    @property
    def buyer(self) -> Buyer:
        """Who buys, in the language of the page."""
        data = self.cleaned_data
        return Buyer(
            email=data.get("email", ""),
            name=data.get("name", ""),
            company=data.get("company", ""),
            country=data.get("country", ""),
            vat_id=data.get("vat_id", ""),
            locale=get_language() or "en",
        )

    @property
    def card(self) -> dict[str, str]:
        """What was typed of the card; for the gateway and nobody else."""
        return {name: self.cleaned_data.get(name, "") for name in self.CARD}

    def to_show_again(self, *, attempt: str = "") -> None:
        """A number once typed is not sent back in the page; `attempt` takes the place of one that is no good any more."""
        data = QueryDict(mutable=True)
        data.update({name: value for name, value in self.data.items() if name not in self.CARD})
        if attempt:
            data["attempt"] = attempt
        self.data = data


def one_line(value: str) -> str:
    """Control characters and line breaks become blanks; they have no business on an invoice."""
    return " ".join("".join(character if character.isprintable() else " " for character in value).split())


class RateField(forms.DecimalField):
    """A rate in percent, from 0 to 100."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal(0), max_value=Decimal(100), max_digits=6, decimal_places=3, **kwargs)
        self.widget.attrs["inputmode"] = "decimal"


class ProductForm(forms.Form):
    """A product's words and tax."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Shown on the checkout page."),
    )
    tax_rate = RateField(
        label=gettext_lazy("Own tax rate"),
        required=False,
        help_text=gettext_lazy("In percent. Leave empty to use the one in Settings → Selling."),
    )
    supply = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=Supply.choices,
        initial=Supply.ONLINE,
        required=False,
        help_text=gettext_lazy(
            "Decides whose tax is due: online by where the buyer is, at a place by where it happens, which is taken to be "
            "your country."
        ),
    )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_supply(self) -> str:
        return self.cleaned_data["supply"] or Supply.ONLINE


class OfferForm(forms.Form):
    """A checkout page's address, and whether it is open."""

    slug = forms.SlugField(label=gettext_lazy("Address"), max_length=60)
    is_live = forms.BooleanField(label=gettext_lazy("Open for orders"), required=False)


class RefundForm(forms.Form):
    """How much goes back, and why."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Stands on the credit note."),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> Money:
        try:
            return Money.parse(self.cleaned_data["amount"], self.currency)
        except BadMoney as error:
            raise forms.ValidationError(_("Write an amount such as 12.50.")) from error

    def clean_reason(self) -> str:
        return one_line(self.cleaned_data["reason"])


class HandRefundForm(forms.Form):
    """How somebody paid back what a gateway could not."""

    how = forms.CharField(
        label=gettext_lazy("How was it paid back?"),
        max_length=200,
        help_text=gettext_lazy("Such as “by bank transfer on 3 May, as Maren asked by mail”."),
    )


class SellerForm(forms.Form):
    """What stands on invoices, and how tax is worked out."""

    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=150)
    address = forms.CharField(
        label=gettext_lazy("Address"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail address for questions"), max_length=254, required=False)
    tax_id = forms.CharField(label=gettext_lazy("Tax number"), max_length=40, required=False)
    vat_id = forms.CharField(
        label=gettext_lazy("VAT id"),
        max_length=vat.LONGEST,
        required=False,
        help_text=gettext_lazy(
            "With its country, such as DE123456789. Businesses in other EU countries can then name theirs at the checkout and "
            "buy without VAT (reverse charge)."
        ),
    )
    tax_name = forms.CharField(
        label=gettext_lazy("Name of the tax"), max_length=20, help_text=gettext_lazy("VAT, GST, Sales tax …")
    )
    tax_rate = RateField(
        label=gettext_lazy("Tax rate"),
        required=False,
        help_text=gettext_lazy("In percent, in your own country. Leave empty to show no tax."),
    )
    has_oss = forms.BooleanField(
        label=gettext_lazy("I am registered for the One-Stop-Shop (OSS)"),
        required=False,
        help_text=gettext_lazy(
            "Then consumers in other EU countries pay their own country’s VAT. Leave it off while you sell them less than "
            "€10,000 a year: they pay yours. Example: you sell from Germany for €119, with VAT inside (19 %). A consumer in "
            "France pays €119, too, with theirs inside (20 %): €99.17 is yours instead of €100."
        ),
    )
    rounding = forms.ChoiceField(
        label=gettext_lazy("Tax is rounded"),
        choices=SellerRounding.choices,
        help_text=gettext_lazy(
            "“As fits the buyer” keeps every price as it was shown for consumers, and adds up net amounts for businesses with "
            "a VAT id, as their bookkeeping does."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", _("Choose …")), *countries(get_language() or "en")]  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("vat_id"):
            self._check_vat_id(cleaned)
        if cleaned.get("has_oss") and not cleaned.get("country"):
            self.add_error("country", _("The One-Stop-Shop needs to know your country."))
        return cleaned

    def _check_vat_id(self, cleaned: dict[str, Any]) -> None:
        try:
            found = VatId.parse(cleaned["vat_id"])
        except BadVatId:
            self.add_error("vat_id", _("That isn’t the form of a VAT id. It begins with two letters for the country."))
            return
        if not vat.is_of(str(found), cleaned.get("country", "")):
            self.add_error("vat_id", _("This VAT id is from another country than the one you chose."))
        cleaned["vat_id"] = str(found)


class TaxRateForm(forms.Form):
    """A rate of the seller's own for a country."""

    tax_country = forms.ChoiceField(label=gettext_lazy("Country of the buyer"))
    rate = RateField(label=gettext_lazy("Rate"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tax_country"].choices = [("", _("Choose …")), *countries(get_language() or "en")]  # type: ignore[attr-defined]  # a ChoiceField


class StripeKeyForm(forms.Form):
    """A key of Stripe's. Whether it is for test or live mode stands in it."""

    secret_key = forms.CharField(
        label=gettext_lazy("Secret key"),
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "sk_live_…"}),
        help_text=gettext_lazy(
            "From Stripe’s dashboard: Developers → API keys. A key for test mode begins with sk_test_."
        ),
    )

    def clean_secret_key(self) -> str:
        key: str = self.cleaned_data["secret_key"].strip()
        if key.startswith("pk_"):
            raise forms.ValidationError(_("This is the publishable key. The secret key begins with sk_ or rk_."))
        if not re.fullmatch(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{8,250}", key):
            raise forms.ValidationError(_("A secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_."))
        return key

    @property
    def mode(self) -> str:
        return str(self.cleaned_data["secret_key"].split("_")[1])


class StripeMessagesForm(forms.Form):
    """The secret with which Stripe signs its messages to us."""

    webhook_secret = forms.CharField(
        label=gettext_lazy("Signing secret"),
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "whsec_…"}),
        help_text=gettext_lazy("Stripe shows it once the address is added there."),
    )

    def clean_webhook_secret(self) -> str:
        secret: str = self.cleaned_data["webhook_secret"].strip()
        if not re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{8,250}", secret):
            raise forms.ValidationError(_("A signing secret begins with whsec_."))
        return secret


class AdvanceForm(forms.Form):
    """How far to move the test clock."""

    by = forms.ChoiceField(
        label=gettext_lazy("Move ahead by"),
        choices=[
            ("day", gettext_lazy("1 day")),
            ("week", gettext_lazy("1 week")),
            ("month", gettext_lazy("1 month")),
            ("year", gettext_lazy("1 year")),
        ],
    )
