"""Input about deals and pipelines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from plainsail.accounts import queries as accounts
from plainsail.accounts.models import User
from plainsail.contacts.services.addresses import BadAddress, normalise
from plainsail.deals.models import Deal, Pipeline, Stage
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import BadMoney, Money

LONGEST_REASON = 200


def _plain(text: str) -> str:
    """An amount without the spaces and apostrophes that people group digits with."""
    return "".join(sign for sign in text if not sign.isspace() and sign not in "'’")


class DealForm(forms.Form):
    """What is known of a deal. A currency that isn't the business's own is for deals only: nothing is converted."""

    title = forms.CharField(label=_("What is it about?"), max_length=150)
    amount = forms.CharField(
        label=_("Value"), max_length=20, required=False, widget=forms.TextInput({"inputmode": "decimal"})
    )
    currency = forms.CharField(label=_("Currency"), max_length=3, min_length=3)
    owner = forms.ChoiceField(label=pgettext_lazy("of a deal", "Owner"), required=False)
    expected_on = forms.DateField(
        label=_("Expected to close"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        options["initial"] = {"currency": workspace.currency} | options.get("initial", {})
        super().__init__(*args, **options)
        self._people = {str(one.user_id): one.user for one in accounts.team(workspace)}
        choices = [("", _text("Nobody yet")), *((key, str(one)) for key, one in self._people.items())]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        currency, amount = str(cleaned.get("currency", "")).upper(), _plain(cleaned.get("amount") or "0")
        try:
            cleaned["value"] = Money.zero(currency)
        except BadMoney:
            if "currency" not in self.errors:
                self.add_error("currency", _text("Three letters, such as EUR."))
            return cleaned
        try:
            cleaned["value"] = Money.parse(amount, currency)
        except BadMoney:
            self.add_error("amount", _text("An amount, such as 1200 or 1200.50."))
        else:
            if cleaned["value"].minor < 0:
                self.add_error("amount", _text("A value is never below zero."))
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        """What the services of deals take."""
        owner: User | None = self._people.get(self.cleaned_data["owner"])
        kept = {name: self.cleaned_data[name] for name in ("title", "value", "expected_on")}
        return kept | {"owner": owner}

    @staticmethod
    def initial_of(deal: Deal) -> dict[str, Any]:
        return {
            "title": deal.title,
            "amount": str(deal.value.decimal),
            "currency": deal.currency,
            "owner": str(deal.owner_id or ""),
            "expected_on": deal.expected_on,
        }


class NewDealForm(DealForm):
    """A deal to be written down: with whom, and in which pipeline."""

    email = forms.CharField(
        label=_("With whom?"),
        max_length=254,
        widget=forms.TextInput({"inputmode": "email"}),
        help_text=_("Their e-mail address. Somebody new becomes a contact, on no list."),
    )
    pipeline = forms.ChoiceField(label=_("Pipeline"))
    field_order = ("title", "email", "amount", "currency", "pipeline", "owner", "expected_on")

    def __init__(self, *args: Any, pipelines: list[Pipeline], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["pipeline"].choices = [(str(one.id), one.name) for one in pipelines]  # type: ignore[attr-defined]  # a ChoiceField
        self._pipelines = {str(one.id): one for one in pipelines}

    def clean_email(self) -> str:
        try:
            return normalise(self.cleaned_data["email"])
        except BadAddress as refusal:
            raise forms.ValidationError(str(refusal)) from None

    @property
    def chosen(self) -> Pipeline:
        return self._pipelines[self.cleaned_data["pipeline"]]


class PipelineForm(forms.Form):
    """A pipeline by its name."""

    name = forms.CharField(label=_("Name"), max_length=100)


class PipelineDetailsForm(PipelineForm):
    """A pipeline's name, and why its deals may be lost."""

    lost_reasons = forms.CharField(
        label=_("Reasons for losing"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("One a line. Whoever marks a deal as lost chooses one."),
    )

    def clean_lost_reasons(self) -> list[str]:
        lines = [line.strip()[:LONGEST_REASON] for line in self.cleaned_data["lost_reasons"].splitlines()]
        return list(dict.fromkeys(line for line in lines if line))[:20]


class StageForm(forms.Form):
    """A stage: its name, and how many of a hundred deals in it are won."""

    name = forms.CharField(label=_("Name"), max_length=60)
    probability = forms.IntegerField(
        label=_("Won in the end (per cent)"),
        min_value=0,
        max_value=100,
        help_text=_("Of a hundred deals that reach this stage: how many are won?"),
    )

    def __init__(self, *args: Any, stage: Stage | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if stage is not None and not stage.is_open:
            del self.fields["probability"]


class LossForm(forms.Form):
    """Why a deal was lost: one of the pipeline's reasons, or in words of one's own."""

    reason = forms.ChoiceField(label=_("Why was it lost?"), required=False)
    other = forms.CharField(label=_("In your own words"), max_length=LONGEST_REASON, required=False)

    def __init__(self, *args: Any, pipeline: Pipeline, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", _text("Not known")), *((one, one) for one in pipeline.lost_reasons)]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def words(self) -> str:
        return str(self.cleaned_data["other"].strip() or self.cleaned_data["reason"])
