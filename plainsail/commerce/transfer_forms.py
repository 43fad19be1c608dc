"""What is typed about bank transfers: the business's account, what came in, which column of a statement is what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.forms import one_line
from plainsail.kernel.money import BadMoney, Money
from plainsail.payments.services import statements, transfers
from plainsail.payments.services.transfers import BadAccount, BankAccount


class BankAccountForm(forms.Form):
    """Where buyers send their money, and on what terms."""

    holder = forms.CharField(
        label=gettext_lazy("Account holder"), max_length=70, help_text=gettext_lazy("As the bank knows you.")
    )
    iban = forms.CharField(
        label=gettext_lazy("IBAN"),
        max_length=42,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bic = forms.CharField(
        label=gettext_lazy("BIC"),
        max_length=14,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days to pay"),
        min_value=1,
        max_value=90,
        initial=14,
        help_text=gettext_lazy("An order that isn’t paid by then lapses."),
    )
    gives_at_once = forms.BooleanField(
        label=gettext_lazy("Give access at once"),
        required=False,
        help_text=gettext_lazy("Otherwise buyers get what they bought once you have the money."),
    )
    is_offered = forms.BooleanField(
        label=gettext_lazy("Offer bank transfer at the checkout"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Contracts that are paid this way go on when you turn it off."),
    )

    def clean_holder(self) -> str:
        return one_line(self.cleaned_data["holder"])

    def clean_iban(self) -> str:
        try:
            return transfers.clean_iban(self.cleaned_data["iban"])
        except BadAccount as error:
            raise forms.ValidationError(_("Check the IBAN: its check digits don’t match.")) from error

    def clean_bic(self) -> str:
        text: str = self.cleaned_data["bic"]
        try:
            return transfers.clean_bic(text) if text else ""
        except BadAccount as error:
            raise forms.ValidationError(_("A BIC has eight or eleven letters and digits.")) from error

    @property
    def account(self) -> BankAccount:
        return BankAccount(**self.cleaned_data)


class MoneyField(forms.CharField):
    """An amount above zero in a currency that is known."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **kwargs)


class ReceivedForm(forms.Form):
    """What was seen on the bank account for an invoice."""

    booked_on = forms.DateField(
        label=gettext_lazy("Day it came in"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    amount = MoneyField(
        label=gettext_lazy("Amount"),
        help_text=gettext_lazy(
            "What really came in: less leaves the rest open, more stays the customer’s credit for the next invoice."
        ),
    )
    payer_name = forms.CharField(label=gettext_lazy("Sent by"), max_length=150, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> Money:
        try:
            amount = Money.parse(statements.plain(self.cleaned_data["amount"]), self.currency)
        except BadMoney as error:
            raise forms.ValidationError(_("Write an amount such as 12.50.")) from error
        if amount.minor <= 0:
            raise forms.ValidationError(_("Write an amount such as 12.50."))
        return amount

    def clean_payer_name(self) -> str:
        return one_line(self.cleaned_data["payer_name"])


class AssignForm(forms.Form):
    """Which invoice money was for."""

    invoice = forms.CharField(label=gettext_lazy("Invoice number or reference"), max_length=60)


class StatementForm(forms.Form):
    """A file that a bank lets one download."""

    statement = forms.FileField(
        label=gettext_lazy("Statement"),
        help_text=gettext_lazy("CAMT.053 (XML) or CSV, as your bank offers it for download."),
        widget=forms.FileInput(attrs={"accept": ".xml,.csv,.txt,text/csv,text/xml,application/xml"}),
    )

    def clean_statement(self) -> bytes:
        found = self.cleaned_data["statement"]
        if found.size > statements.LARGEST:
            raise forms.ValidationError(_("This file is too large. Download a shorter time."))
        content: bytes = found.read()
        return content


class ColumnsForm(forms.Form):
    """Which column of a CSV is what; the file itself comes along, so that nothing is kept of it on the way."""

    content = forms.CharField(widget=forms.HiddenInput, max_length=statements.LARGEST)
    date = forms.TypedChoiceField(label=gettext_lazy("Day"), coerce=int)
    amount = forms.TypedChoiceField(label=gettext_lazy("Amount"), coerce=int)
    text = forms.TypedChoiceField(label=gettext_lazy("What the payer wrote"), coerce=int)
    name = forms.TypedChoiceField(label=gettext_lazy("Who sent it"), coerce=int)
    iban = forms.TypedChoiceField(label=gettext_lazy("Their IBAN"), coerce=int)
    currency = forms.TypedChoiceField(label=gettext_lazy("Currency"), coerce=int)

    def __init__(self, *args: Any, heads: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [(str(index), head or "–") for index, head in enumerate(heads)]
        for name in statements.COLUMNS:
            none = [] if name in statements.NEEDED else [("-1", _("none"))]
            self.fields[name].choices = [*none, *columns]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def columns(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in statements.COLUMNS}
