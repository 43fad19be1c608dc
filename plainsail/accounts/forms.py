"""Input about people."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User


class SignupForm(forms.Form):
    """What sign-up asks for beside address and password."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this with the user that it made."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
