"""A business's policies as they are typed: rules that can be put in order, and a contract to try them on. Nothing is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Price, Seller
from plainsail.commerce.services import shapes
from plainsail.kernel.countries import countries
from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.periods import Interval, Span
from plainsail.subscriptions.services import limits, policies, wording
from plainsail.subscriptions.services.policies import BadPolicy
from plainsail.subscriptions.services.previewing import Sample

MOST_RULES = 20
FURTHEST_SPAN = 3650
UNITS = [("D", _("days")), ("W", _("weeks")), ("M", _("months")), ("Y", _("years"))]


class RuleForm(forms.Form):
    """One rule of a refund policy: when it fits, and what comes back then."""

    within = forms.IntegerField(label=_("Within"), min_value=1, max_value=FURTHEST_SPAN, required=False)
    within_unit = forms.ChoiceField(label=_("Unit of time"), choices=UNITS, required=False)
    of = forms.ChoiceField(
        label=_("Counted from"),
        choices=[
            ("", _("any time")),
            ("first_payment", _("the first payment")),
            ("renewal", _("a renewal’s payment")),
            ("contract", _("the purchase")),
        ],
        required=False,
    )
    length = forms.ChoiceField(
        label=_("Paid for at a time"),
        choices=[
            ("", _("however long")),
            ("interval_min", _("this long or longer")),
            ("interval_below", _("less than this long")),
        ],
        required=False,
    )
    interval = forms.IntegerField(label=_("Length"), min_value=1, max_value=FURTHEST_SPAN, required=False)
    interval_unit = forms.ChoiceField(label=_("Unit of length"), choices=UNITS, required=False)
    kind = forms.MultipleChoiceField(
        label=_("Only if it ends by"),
        choices=list(wording.KINDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick none, and the rule fits however it ends."),
    )
    refund = forms.ChoiceField(
        label=_("What comes back"),
        choices=[
            ("full", _("everything")),
            ("prorated", _("the part for the days not used")),
            ("none", _("nothing")),
            ("full_less_used_if_express_start", _("everything, less what was used if the start was asked for at once")),
        ],
    )
    FIELDS = ("within", "within_unit", "of", "length", "interval", "interval_unit", "kind", "refund")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("within") and not cleaned.get("of"):
            self.add_error("of", _("Say what the time is counted from."))
        if cleaned.get("of") and not cleaned.get("within") and "within" not in self.errors:
            self.add_error("within", _("Say how long."))
        if cleaned.get("length") and not cleaned.get("interval") and "interval" not in self.errors:
            self.add_error("interval", _("Say how long."))
        return cleaned

    @property
    def rule(self) -> dict[str, Any]:
        """The rule as a policy has it: as typed (then the form must be valid), else as it stood."""
        data: Mapping[str, Any] = self.cleaned_data if self.is_bound else self.initial
        when: dict[str, Any] = {}
        if data["kind"]:
            when["kind"] = data["kind"]
        if data["within"]:
            when |= {"within": _iso(data["within"], data["within_unit"]), "of": data["of"]}
        if data["length"]:
            when[data["length"]] = _iso(data["interval"], data["interval_unit"])
        return {"when": when, "refund": data["refund"]}

    @property
    def sentence(self) -> str:
        """The rule in words, once it makes one."""
        if self.is_bound and not self.is_valid():
            return str(_("This rule isn’t complete yet."))
        return wording.sentence(self.rule, place=int(str(self.prefix).rpartition("-")[2]))

    @staticmethod
    def initial_of(rule: Mapping[str, Any]) -> dict[str, Any]:
        when = rule["when"]
        length = next((name for name in ("interval_min", "interval_below") if name in when), "")
        within, within_unit = _parts(when.get("within"), "D")
        interval, interval_unit = _parts(when.get(length), "M")
        return {
            "within": within,
            "within_unit": within_unit,
            "of": when.get("of", ""),
            "length": length,
            "interval": interval,
            "interval_unit": interval_unit,
            "kind": when.get("kind", []),
            "refund": rule["refund"],
        }


def _iso(number: int, unit: str) -> str:
    return f"P{number}{unit or 'D'}"


def _parts(span: str | None, unit: str) -> tuple[int | None, str]:
    """The number and unit of a span that has one unit, as all do that were typed here. Else in days or months."""
    if not span:
        return None, unit
    if found := re.fullmatch(r"P(\d+)([DWMY])", span):
        return int(found[1]), found[2]
    parsed = Span.parse(span)
    return (parsed.average_days, "D") if parsed.days else (parsed.months, "M")


class BaseRules(forms.BaseFormSet):  # type: ignore[type-arg]  # Django has no arguments for it at run time
    default_error_messages = forms.BaseFormSet.default_error_messages | {
        "too_few_forms": _("One rule at least. “In every other case: nothing” is one."),
        "too_many_forms": _("Twenty rules at most."),
    }

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        # A rule that nobody touched is a rule all the same, wherever it was moved to.
        return super().get_form_kwargs(index) | {"use_required_attribute": False, "empty_permitted": False}


RuleSet = forms.formset_factory(
    RuleForm,
    formset=BaseRules,
    extra=0,
    max_num=MOST_RULES,
    validate_max=True,
    absolute_max=MOST_RULES,
    min_num=1,
    validate_min=True,
)


class CountingForm(forms.Form):
    """How a refund policy counts, and by when the money is sent. `since` is the version that was opened."""

    since = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**6)
    unit = forms.ChoiceField(
        label=_("What isn’t used is counted by"),
        choices=[("day", _("days")), ("month30", _("days of months of thirty")), ("second", _("seconds"))],
    )
    cancel_day = forms.ChoiceField(
        label=_("The day of cancelling"), choices=[("unused", _("comes back")), ("used", _("is kept"))]
    )
    pay_within = forms.IntegerField(
        label=_("The money is sent within"),
        min_value=0,
        max_value=limits.PAY_WITHIN.days,
        help_text=_("Days. The law allows 14 at most."),
    )


class RefundPolicyForm:
    """The refund policy's text: its rules and how it counts. Bound where `data` is given."""

    def __init__(self, data: QueryDict | None = None, *, standing: Mapping[str, Any]) -> None:
        written = policies.modern(standing)
        self.standing = standing
        self.rules: Any = RuleSet(data, prefix="rule", initial=[RuleForm.initial_of(rule) for rule in written["rules"]])
        self.counting = CountingForm(
            data,
            initial={
                "since": standing["version"],
                "unit": written.get("unit", "day"),
                "cancel_day": written.get("cancel_day", "unused"),
                "pay_within": Span.parse(written["pay_within"]).average_days,
            },
        )

    def is_valid(self) -> bool:
        """Both parts, and the whole as the program understands it."""
        if not all([self.rules.is_valid(), self.counting.is_valid()]):
            return False
        try:
            policies.check(self.text)
        except BadPolicy as fault:
            self._blame(fault)
            return False
        return True

    def _blame(self, fault: BadPolicy) -> None:
        """Put a fault to the field that it lies in."""
        match fault.at:
            case ("rules", int(index), str(name), *_rest):
                form: forms.Form = self.rules.forms[index]
                field = {"interval_min": "interval", "interval_below": "interval"}.get(name, name)
            case (str(field), *_rest):
                form = self.counting
            case _:
                form, field = self.counting, ""
        form.add_error(field if field in form.fields else None, str(fault))

    @property
    def text(self) -> dict[str, Any]:
        """The policy as it would be saved. Of a form that is valid; what isn't asked here stays as it stood."""
        counting = self.counting.cleaned_data
        kept = {name: value for name, value in policies.modern(self.standing).items() if name != "version"}
        return kept | {
            "rules": [form.rule for form in self.rules],
            "unit": counting["unit"],
            "cancel_day": counting["cancel_day"],
            "pay_within": f"P{counting['pay_within']}D",
        }

    @property
    def faulty(self) -> list[forms.Form]:
        """The forms with something wrong."""
        return [form for form in (*self.rules, self.counting) if form.errors]


def rearranged(data: QueryDict, action: str) -> tuple[QueryDict, int | None]:
    """What was typed with a rule added, removed or moved (`add`, `remove-2`, `up-2`, `down-2`), and which one to look at.

    Anything else leaves it as it is.
    """
    rows = _typed(data)
    verb, _dash, number = action.partition("-")
    place = int(number) if re.fullmatch(r"\d{1,2}", number) else -1
    looked_at: int | None = None
    if verb == "add" and len(rows) < MOST_RULES:
        rows.append({"refund": ["none"], "within_unit": ["D"], "interval_unit": ["M"]})
        looked_at = len(rows) - 1
    elif 0 <= place < len(rows) and verb == "remove":
        del rows[place]
        looked_at = min(place, len(rows) - 1) if rows else None
    elif 0 <= place < len(rows) and verb in {"up", "down"}:
        looked_at = min(max(place + (1 if verb == "down" else -1), 0), len(rows) - 1)
        rows.insert(looked_at, rows.pop(place))
    return _as_data(data, rows), looked_at


def _typed(data: QueryDict) -> list[dict[str, list[str]]]:
    total = 0
    with suppress(ValueError):
        total = min(max(int(data.get("rule-TOTAL_FORMS", "0")), 0), MOST_RULES)
    return [{name: data.getlist(f"rule-{row}-{name}") for name in RuleForm.FIELDS} for row in range(total)]


def _as_data(data: QueryDict, rows: Sequence[Mapping[str, list[str]]]) -> QueryDict:
    made = QueryDict(mutable=True)
    for name in data:
        if not name.startswith("rule-"):
            made.setlist(name, data.getlist(name))
    made["rule-TOTAL_FORMS"], made["rule-INITIAL_FORMS"] = str(len(rows)), str(len(rows))
    for place, row in enumerate(rows):
        for name, values in row.items():
            made.setlist(f"rule-{place}-{name}", values)
    return made


class SampleForm(forms.Form):
    """The contract and the cancellation that a refund policy is tried on."""

    price = forms.ChoiceField(label=_("Price"), required=False)
    amount = forms.CharField(
        label=_("Another amount"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "29.00"}),
        help_text=_("Counts where no price is chosen."),
    )
    every = forms.ChoiceField(
        label=_("Paid"),
        required=False,
        choices=[
            ("month", _("every month")),
            ("year", _("every year")),
            ("week", _("every week")),
        ],
    )
    starts_on = forms.DateField(label=_("Bought on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    ends_on = forms.DateField(
        label=_("Cancelled on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    how = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("now", _("cancelled with effect at once")),
            ("period_end", _("cancelled to the end of what is paid")),
            ("withdrawal", _("withdrawn from")),
        ],
    )
    country = forms.ChoiceField(label=_("The customer’s country"), required=False)
    is_consumer = forms.BooleanField(label=_("The customer is a consumer"), required=False)

    MOST_YEARS = 5

    def __init__(
        self, data: QueryDict | None = None, *, prices: Sequence[Price], seller: Seller, currency: str, today: date
    ) -> None:
        initial = {
            "price": str(prices[0].id) if prices else "",
            "amount": "" if prices else "29",
            "starts_on": today - timedelta(days=10),
            "ends_on": today,
            "how": "now",
            "country": seller.country,
            "is_consumer": True,
        }
        super().__init__(data, prefix="sample", initial=initial)
        self.given: dict[str, Any] = {"prices": prices, "seller": seller, "currency": currency, "today": today}
        self.prices, self.seller, self.currency = {str(price.id): price for price in prices}, seller, currency
        words = {key: _name(price) for key, price in self.prices.items()}
        self.fields["price"].choices = [*words.items(), ("", _("another amount"))]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["country"].choices = [("", _("another country")), *countries(get_language() or "en")]  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("starts_on"), cleaned.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", _("A contract is cancelled on the day it was bought, or later."))
        elif start and end and (end - start).days > 366 * self.MOST_YEARS:
            self.add_error("ends_on", _("Five years after buying at most."))
        elif start and not 2000 <= start.year <= 2100:
            self.add_error("starts_on", _("A year between 2000 and 2100."))
        if not cleaned.get("price") and "price" not in self.errors:
            self._read_amount(cleaned)
        return cleaned

    def _read_amount(self, cleaned: dict[str, Any]) -> None:
        try:
            cleaned["money"] = Money.parse(cleaned.get("amount", ""), self.currency)
        except BadMoney:
            self.add_error("amount", _("Write an amount such as 29.00."))
            return
        if cleaned["money"].minor < 1:
            self.add_error("amount", _("More than nothing."))

    def untouched(self) -> SampleForm:
        """The form as it is when the page is opened, sent: what is shown while nothing else can be."""
        data = QueryDict(mutable=True)
        data.update({f"{self.prefix}-{name}": str(value) for name, value in self.initial.items() if value})
        form = SampleForm(data, **self.given)
        form.is_valid()
        return form

    def sample(self, *, zone: str) -> Sample:
        """What was imagined. Of a form that is valid."""
        data = self.cleaned_data
        price = self.prices.get(data["price"])
        own_rate = price.product.tax_rate if price else None
        rate = own_rate if own_rate is not None else self.seller.tax_rate
        return Sample(
            price=price.amount if price else data["money"],
            tax_rate=rate or Decimal(0),
            tax_behavior=price.tax_behavior if price else "inclusive",
            interval=(price.period_interval if price else None) or Interval(data["every"] or "month"),
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            zone=zone,
            kind="withdrawal" if data["how"] == "withdrawal" else "ordinary",
            when="period_end" if data["how"] == "period_end" else "now",
            is_consumer=data["is_consumer"],
            country=data["country"],
        )


def _name(price: Price) -> str:
    amount = price.amount.format(get_language() or "en")
    return f"{price.product.name}, {amount} {shapes.every(price.interval, price.interval_count)}"
