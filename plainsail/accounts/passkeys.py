"""allauth's passkey forms, unmoved by garbage: what a browser never sends is a wrong passkey, not an error of ours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.webauthn import forms as passkeys
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Whatever the CBOR, JSON and key parsers of fido2 trip over.
MALFORMED = (ArithmeticError, AttributeError, InvalidSignature, LookupError, TypeError, ValueError, struct.error)
NAME_LENGTH = 100


@contextmanager
def refusing_garbage() -> Iterator[None]:
    """Turn a parser's stumble into a sentence at the form. Raises ValidationError."""
    try:
        yield
    except MALFORMED as error:
        raise ValidationError(_("That passkey didn’t work. Try again, or choose another way.")) from error


class Proving:
    """Mixed into the forms that ask for a passkey."""

    def clean_credential(self) -> Any:
        with refusing_garbage():
            return super().clean_credential()  # type: ignore[misc]  # of the form that this is mixed into


class AuthenticateForm(Proving, passkeys.AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """The second step of signing in."""


class LoginForm(Proving, passkeys.LoginWebAuthnForm):  # type: ignore[misc]  # as above
    """Signing in by passkey alone."""


class ReauthenticateForm(Proving, passkeys.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    """Showing again who is there."""


class AddForm(passkeys.AddWebAuthnForm):  # type: ignore[misc]  # as above
    """A new passkey and what to call it."""

    name = forms.CharField(required=False, max_length=NAME_LENGTH)

    def clean(self) -> Any:
        with refusing_garbage():
            return super().clean()


class RenameForm(passkeys.EditWebAuthnForm):  # type: ignore[misc]  # as above
    """Another name for a passkey."""

    name = forms.CharField(max_length=NAME_LENGTH)
