"""Input about mail, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import StepForm
from plainsail.contacts.models import List, Segment
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Email, Sender
from plainsail.mail.services import headers, starters


class NewBroadcastForm(forms.Form):
    """What a new broadcast starts from: one of ours by its key, or a template of the business by its id."""

    starter = forms.ChoiceField()

    def __init__(self, *args: Any, own: Iterable[Email] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = [(starter.key, starter.label) for starter in starters.ALL]
        theirs = [(str(template.id), template.template_name) for template in own]
        cast("forms.ChoiceField", self.fields["starter"]).choices = [*ours, *theirs]


class TextForm(forms.Form):
    """The plain-text part of a mail."""

    text = forms.CharField(
        label=gettext_lazy("Plain text"),
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true"}),
        help_text=gettext_lazy(
            "For mail programs that show no HTML, for watches and readers aloud. Merge fields work here too."
        ),
    )

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").replace("\0", "").strip()


class TemplateForm(forms.Form):
    """What a template is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class AudienceForm(forms.Form):
    """Who gets a broadcast, and who writes."""

    topic: forms.ModelChoiceField[List] = forms.ModelChoiceField(
        label=gettext_lazy("List"),
        queryset=None,
        empty_label=None,
        help_text=gettext_lazy("Everybody who confirmed it and whose address may be written to."),
    )
    segment: forms.ModelChoiceField[Segment] = forms.ModelChoiceField(
        label=gettext_lazy("Only those in this segment"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("Everybody"),
    )
    sender: forms.ModelChoiceField[Sender] = forms.ModelChoiceField(
        label=gettext_lazy("From"), queryset=None, empty_label=None
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = {
            "topic": workspace.lists.order_by("name", "id"),
            "segment": workspace.segments.order_by("name", "id"),
            "sender": workspace.senders.order_by("-is_default", "name", "id"),
        }
        for name, found in rows.items():
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = found


class DepartureForm(forms.Form):
    """When a broadcast leaves: now (after the hold), or at a time in the business's own zone."""

    when = forms.ChoiceField(choices=[("now", gettext_lazy("Now")), ("later", gettext_lazy("At a time I choose"))])
    departs_at = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("when") == "later" and not cleaned.get("departs_at") and "departs_at" not in self.errors:
            self.add_error("departs_at", _("Choose when it leaves."))
        return cleaned

    def clean_departs_at(self) -> datetime | None:
        given: datetime | None = self.cleaned_data["departs_at"]
        # Django reads it in the server's zone, which says nothing to the person who typed it.
        return given.replace(tzinfo=None).replace(tzinfo=ZoneInfo(self.zone)) if given else None

    @property
    def is_later(self) -> bool:
        return bool(self.cleaned_data["when"] == "later")


class AddressField(forms.CharField):
    """An address that mail can be sent to, in ASCII."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=254, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        given = str(super().clean(value))
        try:
            return headers.address(given) if given else ""
        except headers.Unmailable as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class AddressesField(forms.CharField):
    """Up to five addresses, apart by commas, blanks or lines; each in ASCII."""

    MOST = 5

    def clean(self, value: Any) -> list[str]:  # several out of one text
        given = [part for part in re.split(r"[\s,;]+", str(super().clean(value))) if part]
        if len(given) > self.MOST:
            raise forms.ValidationError(_("At most five addresses."))
        try:
            return list(dict.fromkeys(headers.address(part) for part in given))
        except headers.Unmailable as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class TestForm(forms.Form):
    """Where a test goes, and what is said above it."""

    __test__ = False
    to = AddressesField(
        label=gettext_lazy("Send a test to"),
        max_length=1300,
        help_text=gettext_lazy("Up to five addresses, with commas between them."),
    )
    note = forms.CharField(
        label=gettext_lazy("A note above it"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SenderForm(forms.Form):
    """A name and an address that mail comes from."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("What readers see first.")
    )
    address = AddressField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Under a domain of yours, so that mailbox providers trust it."),
    )
    reply_to = AddressField(
        label=gettext_lazy("Replies go to"),
        required=False,
        help_text=gettext_lazy("Where nothing stands, to the address above."),
    )

    def clean_name(self) -> str:
        name = headers.one_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("Give the sender a name."))
        return name


class HeadForm(forms.Form):
    """Subject and preview text."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    preheader = forms.CharField(label=gettext_lazy("Preview text"), max_length=200, required=False)


class EmailStepForm(StepForm):
    """Which mail a step sends, and about which list: only people on it get it."""

    email = forms.UUIDField(widget=forms.HiddenInput)
    list = forms.ChoiceField(
        label=gettext_lazy("About"), help_text=gettext_lazy("Whoever has left this list by then gets nothing.")
    )

    def prepare(self) -> None:
        rows = self.workspace.lists.order_by("name", "id").values_list("id", "name")
        cast("forms.ChoiceField", self.fields["list"]).choices = [(str(key), name) for key, name in rows]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        key = cleaned.get("email")
        email = self.workspace.emails.filter(id=key).first() if key else None
        if email is None:
            self.add_error("email", _("The mail is gone."))
        elif not email.subject:
            self.add_error(None, _("The mail has no subject yet."))
        return cleaned
