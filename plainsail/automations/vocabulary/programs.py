"""What other programs have to do with automations: they start them, and are told."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.services import hosts
from plainsail.automations.events import HookCalled, SignalReceived
from plainsail.automations.services import calling, signals
from plainsail.automations.sockets import Action, Config, Done, StepForm, Trigger
from plainsail.contacts.models import Contact

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
PATH = re.compile(r"[\w.-]{1,120}")


class SignalForm(StepForm):
    """By which name a program tells it."""

    signal = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("As the program sends it to /api/v1/events, such as webinar.attended."),
    )

    def clean_signal(self) -> str:
        name = str(self.cleaned_data["signal"]).strip().lower()
        if not NAME.fullmatch(name):
            raise forms.ValidationError(_("Small letters, digits, points, dashes and underscores."))
        return name


class HookForm(StepForm):
    """Where in the message the address and the name stand. The secret address itself is made once and stays."""

    hook = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)
    email = forms.CharField(
        label=gettext_lazy("Where the e-mail address stands"),
        initial="email",
        max_length=120,
        help_text=gettext_lazy("A path in the JSON message, such as customer.email."),
    )
    first_name = forms.CharField(label=gettext_lazy("First name"), required=False, max_length=120)
    last_name = forms.CharField(label=gettext_lazy("Last name"), required=False, max_length=120)
    phone = forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=120)

    def prepare(self) -> None:
        if hook := self.initial.get("hook"):
            self.fields["email"].help_text = _(
                "Messages go to %(address)s. Keep it secret: whoever knows it may call."
            ) % {"address": hosts.app_url(f"/inbound/automations/{self.workspace.slug}/{hook}/")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("email", "first_name", "last_name", "phone"):
            if cleaned.get(name) and not PATH.fullmatch(cleaned[name]):
                self.add_error(name, _("A path such as customer.email."))
        return cleaned

    def config(self) -> dict[str, Any]:
        return self.cleaned_data | {"hook": self.cleaned_data["hook"] or signals.new_hook()}


class CallForm(StepForm):
    """Which address is called."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https")
    secret = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def prepare(self) -> None:
        if secret := self.initial.get("secret"):
            self.fields["url"].help_text = _("Signed with %(secret)s, as Standard Webhooks has it.") % {
                "secret": secret
            }

    def config(self) -> dict[str, Any]:
        return self.cleaned_data | {"secret": self.cleaned_data["secret"] or calling.new_secret()}


def call(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Write the call down; it is made after the commit, and tried again for two days."""
    calling.owe(contact, key=run_key, url=config["url"], secret=config["secret"], event="automation.step", at=at)
    return None


SIGNAL = Trigger(
    label=gettext_lazy("A program tells of something"),
    icon="code",
    event=SignalReceived,
    form=SignalForm,
    about=lambda event: [event.signal],
    wants=lambda config: config["signal"],
    policy="every",
    sentence=lambda config: _("A program tells “%(signal)s”") % {"signal": config.get("signal") or "…"},
    order=90,
)
HOOK = Trigger(
    label=gettext_lazy("A webhook is called"),
    icon="code",
    event=HookCalled,
    form=HookForm,
    about=lambda event: [event.hook],
    wants=lambda config: config["hook"],
    policy="every",
    sentence=lambda config: _("Its own address is called"),
    order=91,
)
CALL = Action(
    label=gettext_lazy("Call another program"),
    icon="code",
    form=CallForm,
    perform=call,
    sentence=lambda config: _("Call %(host)s") % {"host": urlsplit(config.get("url", "")).hostname or "…"},
    order=90,
)
