"""What forms say at a field, in this program's own words: what to do, not what rule was broken."""

from __future__ import annotations

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

forms.Field.default_error_messages = {**forms.Field.default_error_messages, "required": _("Please fill this in.")}
forms.ChoiceField.default_error_messages = {
    **forms.ChoiceField.default_error_messages,
    "invalid_choice": _("Please choose one of those offered."),
}
validators.validate_email.message = _("This is not an e-mail address. It looks like name@example.com.")
validators.MaxLengthValidator.message = ngettext_lazy(
    "At most %(limit_value)d character, please; this has %(show_value)d.",
    "At most %(limit_value)d characters, please; this has %(show_value)d.",
    "limit_value",
)
