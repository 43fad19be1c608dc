"""Input about people and businesses."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import Role, User
from plainsail.accounts.services.workspaces import SLUG_LENGTH
from plainsail.accounts.sockets import API_SCOPES, AUDIT_ACTIONS
from plainsail.kernel.zones import zones

# fmt: off
CURRENCIES = [
    "EUR", "USD", "GBP", "CHF", "AUD", "BGN", "BRL", "CAD", "CZK", "DKK", "HKD", "HUF", "IDR", "ILS", "INR", "ISK",
    "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "UAH", "ZAR",
]
# fmt: on
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


class SignupForm(forms.Form):
    """What sign-up asks for beside address and password."""

    field_order = ["name", "email", "password1"]
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this with the user that it made."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class NameForm(forms.Form):
    """The first question to somebody who opens a business. The zone is filled in by the browser, if it can."""

    name = forms.CharField(
        label=_("Name of your business"),
        max_length=120,
        min_length=2,
        help_text=_("Visitors and customers see it. You can change it at any time."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    timezone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_timezone(self) -> str:
        zone: str = self.cleaned_data["timezone"]
        return zone if zone in available_timezones() else "UTC"


class BusinessForm(forms.Form):
    """Name and habits of the business."""

    name = forms.CharField(
        label=_("Name"), max_length=120, min_length=2, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    postal_address = forms.CharField(
        label=_("Postal address"),
        required=False,
        max_length=500,
        help_text=_("Stands at the foot of mails and of your site, as the law asks in many countries."),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
    )
    locale = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])

    def clean_postal_address(self) -> str:
        lines = (line.strip() for line in self.cleaned_data["postal_address"].splitlines())
        return "\n".join(line for line in lines if line)


class AddressForm(forms.Form):
    """The web address of the business's site on this installation."""

    slug = forms.CharField(
        label=_("Web address"),
        max_length=SLUG_LENGTH,
        min_length=2,
        help_text=_("Small letters, digits and hyphens."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if not SLUG.fullmatch(slug):
            raise forms.ValidationError(_("Only small letters, digits and hyphens, and no hyphen at either end."))
        return slug


class ProfileForm(forms.Form):
    """What a person says about themselves."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    locale = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As my browser has it")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(label=_("Light or dark"), choices=User.Theme.choices, widget=forms.RadioSelect)


class RoleForm(forms.Form):
    """A role, out of those that the asking person may give."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.EDITOR)

    def __init__(self, *args: Any, reach: list[Role], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = [(role.value, role.label) for role in reach]  # type: ignore[attr-defined]  # a ChoiceField has them

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class InvitationForm(RoleForm):
    """Whom to ask to join, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ["email", "role"]


class HandOverForm(forms.Form):
    """Who becomes the owner."""

    member = forms.UUIDField()


class ApiKeyForm(forms.Form):
    """A key to be made: what it is for, what it may do in each room, and how long it is good."""

    name = forms.CharField(
        label=_("What is it for?"),
        max_length=80,
        help_text=_("Such as the program that gets it. It stands in the audit log."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lasts = forms.ChoiceField(
        label=_("Good for"),
        choices=[
            ("365", _("a year")),
            ("90", _("90 days")),
            ("30", _("30 days")),
            ("", _("as long as nobody revokes it")),
        ],
        required=False,
        initial="365",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for area, scope in API_SCOPES.items():
            self.fields[self._field(area)] = forms.ChoiceField(
                label=scope.label,  # type: ignore[arg-type]  # the stubs know only one kind of lazy text
                required=False,
                choices=[
                    ("", _("Nothing")),
                    ("read", scope.read),
                    ("write", scope.write),
                ],
            )

    @staticmethod
    def _field(area: str) -> str:
        return f"scope_{area}"

    @property
    def rooms(self) -> list[forms.BoundField]:
        """The fields that say what the key may do, one for each room."""
        return [self[self._field(area)] for area, _scope in API_SCOPES.items()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = {area: cleaned.get(self._field(area), "") for area, _scope in API_SCOPES.items()}
        cleaned["scopes"] = [f"{area}:{verb}" for area, verb in chosen.items() if verb]
        if not cleaned["scopes"]:
            raise forms.ValidationError(_("Choose at least one thing that the key may do."))
        return cleaned

    def expires_at(self, *, at: datetime) -> datetime | None:
        """The moment it stops working, if it is to."""
        lasts: str = self.cleaned_data["lasts"]
        return at + timedelta(days=int(lasts)) if lasts else None


class ActivityForm(forms.Form):
    """Which part of the audit log to show."""

    action = forms.ChoiceField(label=_("What happened"), required=False)
    person = forms.ChoiceField(label=_("Who"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, actions: list[str], people: list[User], **options: Any) -> None:
        super().__init__(*args, **options)
        labels = [(key, AUDIT_ACTIONS[key].label) for key in actions]
        self.fields["action"].choices = [("", _("Everything")), *labels]  # type: ignore[attr-defined]  # as above
        self.fields["person"].choices = [("", _("Everybody")), *((str(user.pk), str(user)) for user in people)]  # type: ignore[attr-defined]

    def clean_since(self) -> date | None:
        return in_range(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        return in_range(self.cleaned_data["until"])


def in_range(day: date | None) -> date | None:
    """A day that a log can hold. Raises ValidationError."""
    if day is not None and not EARLIEST <= day <= LATEST:
        raise forms.ValidationError(
            _("Choose a day between %(first)s and %(last)s."), params={"first": EARLIEST.year, "last": LATEST.year}
        )
    return day


class DomainForm(forms.Form):
    """A name that the business says is its own."""

    name = forms.CharField(
        label=_("Domain"), max_length=253, help_text=_("Such as www.example.com, shop.example.com or example.com")
    )
