"""Input about mail, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import StepForm
from plainsail.contacts.models import Contact, List, Segment
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Carrier, Email, Sender
from plainsail.mail.services import carrier_kinds, carriers, headers, starters


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


class NoticeForm(forms.Form):
    """Subject and opening words of a notice."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    body = forms.CharField(
        label=gettext_lazy("Opening words"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Paragraphs apart by an empty line. Facts and buttons follow below them by themselves."),
    )


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
            "topic": workspace.lists.filter(archived_at=None).order_by("name", "id"),
            "segment": workspace.segments.order_by("name", "id"),
            "sender": workspace.senders.order_by("-is_default", "name", "id"),
        }
        for name, found in rows.items():
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = found
        if self.initial.get("topic") not in rows["topic"].values_list("id", flat=True):
            # Its list was put away: no other stands in for it before somebody says so.
            cast("forms.ModelChoiceField[List]", self.fields["topic"]).empty_label = _("Choose a list")


class DepartureForm(forms.Form):
    """When a broadcast leaves: now (after the hold), or at a time in the business's own zone."""

    when = forms.ChoiceField(
        choices=[
            ("now", gettext_lazy("Now")),
            ("later", gettext_lazy("At a time I choose")),
            ("local", gettext_lazy("At a time on each reader’s clock")),
        ]
    )
    departs_at = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    local_at = forms.DateTimeField(
        label=gettext_lazy("Day and time on their clock"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    when_passed = forms.ChoiceField(
        label=gettext_lazy("Where that time is over already"),
        choices=[
            (Broadcast.WhenPassed.AT_ONCE, gettext_lazy("They get it at once")),
            (Broadcast.WhenPassed.NEXT_DAY, gettext_lazy("They get it at that time on the next day")),
        ],
        initial=Broadcast.WhenPassed.AT_ONCE,
        required=False,
        widget=forms.RadioSelect,
    )
    is_seen = forms.BooleanField(required=False, widget=forms.HiddenInput)
    """Whether the sender has seen what a time on the readers' clocks means for whom."""

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_local_at(self) -> datetime | None:
        """A time on a clock: without a zone, for each reader has their own."""
        given: datetime | None = self.cleaned_data["local_at"]
        return given.replace(tzinfo=None) if given else None

    def clean_when_passed(self) -> str:
        return str(self.cleaned_data["when_passed"] or Broadcast.WhenPassed.AT_ONCE)

    @property
    def is_local(self) -> bool:
        return bool(self.cleaned_data.get("when") == "local")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("when") == "local" and not cleaned.get("local_at") and "local_at" not in self.errors:
            self.add_error("local_at", _("Choose the time at which they get it."))
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


LONGEST_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3, without the brackets."""


class DecisionForm(forms.Form):
    """What becomes of uncertain messages: `arrived` or `again`."""

    decision = forms.ChoiceField(choices=[("arrived", "arrived"), ("again", "again")])
    message = forms.TypedMultipleChoiceField(coerce=UUID)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        given = data.getlist("message")
        cast("forms.TypedMultipleChoiceField", self.fields["message"]).choices = [(each, each) for each in given]


class AddressField(forms.CharField):
    """An address that mail can be sent to, in ASCII."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=LONGEST_ADDRESS, widget=forms.TextInput(attrs=attrs), **kwargs)

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
        if any(len(part) > LONGEST_ADDRESS for part in given):
            raise forms.ValidationError(str(headers.Unmailable()))
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
    readers = AddressesField(
        label=gettext_lazy("As these contacts get it"),
        max_length=1300,
        required=False,
        help_text=gettext_lazy(
            "Addresses of up to five contacts: one test for each, as they get it. Empty: as the newest on the list gets it."
        ),
    )
    local_at = forms.DateTimeField(
        label=gettext_lazy("If it left at this time on their clock"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text=gettext_lazy("The test says above the mail when it would leave for them."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        # It stands beside the form of the departure, which asks for a time too.
        super().__init__(*args, **kwargs)
        self.auto_id, self.workspace = "id_test_%s", workspace

    def clean_readers(self) -> list[Contact]:
        given = self.cleaned_data["readers"]
        found = {each.email: each for each in self.workspace.contacts.filter(email__in=given, deleted_at=None)}
        if missing := [address for address in given if address not in found]:
            raise forms.ValidationError(
                _("There is no contact with the address %(address)s.") % {"address": missing[0]}
            )
        return [found[address] for address in given]

    def clean_local_at(self) -> datetime | None:
        """A time on a clock: without a zone, for each reader has their own."""
        given: datetime | None = self.cleaned_data["local_at"]
        return given.replace(tzinfo=None) if given else None


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
    carrier: forms.ModelChoiceField[Carrier] = forms.ModelChoiceField(
        label=gettext_lazy("Mail goes out through"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("the mail server of this installation"),
    )

    def __init__(self, *args: Any, services: QuerySet[Carrier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Carrier]", self.fields["carrier"]).queryset = services

    def clean_name(self) -> str:
        name = headers.one_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("Give the sender a name."))
        return name


class CarrierForm(forms.Form):
    """A business's account at a mail service: which keys are asked for depends on the service."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Only needed to tell two accounts there apart."),
    )

    def __init__(self, kind: str, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = carrier_kinds.KINDS[kind]
        for each in known.settings:
            is_kept = each.is_secret and not is_new
            self.fields[each.name] = forms.CharField(
                label=each.label,
                max_length=500,
                required=each.is_needed and not is_kept,
                help_text=gettext_lazy("Leave empty to keep the one there is.") if is_kept else each.help,
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )
        if len(known.regions) > 1:
            regions = {"us": gettext_lazy("United States"), "eu": gettext_lazy("European Union")}
            self.fields[carriers.REGION] = forms.ChoiceField(
                label=gettext_lazy("Region of the account"),
                choices=[(region, regions.get(region, region)) for region in known.regions],
            )

    def clean_name(self) -> str:
        return headers.one_line(self.cleaned_data["name"])

    @property
    def settings(self) -> dict[str, str]:
        """What was filled in besides the name."""
        return {name: value for name, value in self.cleaned_data.items() if name != "name"}


class LimitsForm(forms.Form):
    """How much may leave in a sender's name."""

    warms_up = forms.BooleanField(
        label=gettext_lazy("Start small"),
        required=False,
        help_text=gettext_lazy(
            "For a new domain: 50 messages on the first day, then more each day, until mailbox providers know you. "
            "What doesn’t fit into a day leaves on the next."
        ),
    )
    most_a_day = forms.IntegerField(label=gettext_lazy("At most a day"), required=False, min_value=1, max_value=10**8)
    most_an_hour = forms.IntegerField(
        label=gettext_lazy("At most an hour"), required=False, min_value=1, max_value=10**8
    )
    most_an_hour_each = forms.IntegerField(
        label=gettext_lazy("At most an hour to one mailbox provider"),
        required=False,
        min_value=1,
        max_value=10**8,
        help_text=gettext_lazy("Such as Gmail with all the domains it looks after. Leave empty for no limit."),
    )


class SplitTestForm(forms.Form):
    """On how many variants are tested, and what decides after how long."""

    share = forms.TypedChoiceField(
        label=gettext_lazy("Test on"),
        coerce=int,
        choices=[
            (0, gettext_lazy("Nobody: no test")),
            (10, gettext_lazy("10% of the audience")),
            (20, gettext_lazy("20% of the audience")),
            (30, gettext_lazy("30% of the audience")),
            (50, gettext_lazy("50% of the audience")),
            (100, gettext_lazy("Everybody: there is no rest")),
        ],
    )
    decided_by = forms.ChoiceField(label=gettext_lazy("What decides"), choices=Broadcast.DecidedBy)
    decide_after = forms.IntegerField(
        label=gettext_lazy("Decide after"),
        min_value=1,
        max_value=168,
        help_text=gettext_lazy("Hours after the last variant left; most clicks come within four."),
    )


class VariantForm(forms.Form):
    """What differs in a variant beside its words."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    sender: forms.ModelChoiceField[Sender] = forms.ModelChoiceField(
        label=gettext_lazy("From"), queryset=None, empty_label=None
    )
    hours_later = forms.IntegerField(
        label=gettext_lazy("Leaves"), min_value=0, max_value=72, help_text=gettext_lazy("Hours after the first one.")
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        senders = workspace.senders.order_by("-is_default", "name", "id")
        cast("forms.ModelChoiceField[Sender]", self.fields["sender"]).queryset = senders


class HeadForm(forms.Form):
    """Subject and preview text, and what the window knew of them and of the mail."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    preheader = forms.CharField(label=gettext_lazy("Preview text"), max_length=200, required=False)
    was_subject = forms.CharField(max_length=200, required=False)
    was_preheader = forms.CharField(max_length=200, required=False)
    revision = forms.IntegerField(min_value=0, required=False)

    def heads(self) -> dict[str, Any]:
        """Both as they are meant, and what was known of each, where the window said so."""
        names = ("subject", "preheader")
        was = {name: self.cleaned_data[f"was_{name}"] for name in names if f"was_{name}" in self.data}
        return {name: self.cleaned_data[name] for name in names} | {"was": was}


class EmailStepForm(StepForm):
    """Which mail a step sends, and about which list: only people on it get it."""

    email = forms.UUIDField(widget=forms.HiddenInput)
    list = forms.ChoiceField(
        label=gettext_lazy("About"), help_text=gettext_lazy("Whoever has left this list by then gets nothing.")
    )

    def prepare(self) -> None:
        rows = self.workspace.lists.filter(archived_at=None).order_by("name", "id").values_list("id", "name")
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
