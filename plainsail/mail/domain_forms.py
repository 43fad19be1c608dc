"""Input about sending domains, and about mail that waits for one."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy

from plainsail.kernel.models import Workspace
from plainsail.mail.models import Email, SendingDomain
from plainsail.mail.services import gate


class NewDomainForm(forms.Form):
    """A domain to send under."""

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=253,
        help_text=gettext_lazy("What stands behind the @ of your address, such as example.com."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )


class DomainForm(forms.Form):
    """How a domain's mail is signed, and where its bounces go."""

    signing = forms.ChoiceField(
        label=gettext_lazy("Who signs"),
        choices=SendingDomain.Signing.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("A mail provider signs by itself, and so does a mail server with OpenDKIM or Rspamd."),
    )
    server_selector = forms.RegexField(
        r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$",
        label=gettext_lazy("Selector of the mail server"),
        required=False,
        help_text=gettext_lazy("Its key stands at selector._domainkey. Only where the mail server signs."),
    )
    return_label = forms.RegexField(
        r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        label=gettext_lazy("Subdomain for bounces"),
        help_text=gettext_lazy("One word, such as bounces."),
    )


class MailsForm(forms.Form):
    """Which mails wait at the gate, and the page that somebody came from."""

    mail: forms.ModelMultipleChoiceField[Email] = forms.ModelMultipleChoiceField(
        queryset=None, widget=forms.MultipleHiddenInput
    )
    back = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start = f"/w/{workspace.slug}/"
        rows = workspace.emails.order_by("created_at", "id")
        cast("forms.ModelMultipleChoiceField[Email]", self.fields["mail"]).queryset = rows

    def clean_back(self) -> str:
        given = str(self.cleaned_data["back"])
        return given if given.startswith(self.start) and "//" not in given else ""


class OverrideForm(forms.Form):
    """Why something leaves although its domain is not ready."""

    words = forms.CharField(
        label=gettext_lazy("Why it leaves all the same"),
        min_length=gate.FEWEST_WORDS,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with your name, and shown in the audit log."),
    )
