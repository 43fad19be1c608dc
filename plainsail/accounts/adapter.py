"""allauth's seams: how sign-up, sign-in, second factors and their mail are done here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import letters, people
from plainsail.kernel import crypto
from plainsail.kernel.http import client_ip

FACTORS = "accounts.second_factors"
ADDRESS_LENGTH = 254


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Sign-up, sign-in and their mail, in plain words."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is switched off."),
        "cannot_remove_primary_email": _("This is your main address. Make another one the main address first."),
        "duplicate_email": _("This address is yours already."),
        "email_password_mismatch": _("Address and password don’t belong together. Check both, or have a code sent."),
        "email_taken": _("There is an account with this address already. Sign in instead."),
        "enter_current_password": _("That isn’t your present password."),
        "incorrect_code": _("That code isn’t right. Look again, or ask for a new one."),
        "incorrect_password": _("That password isn’t right."),
        "invalid_password_reset": _("This link was used already, or is too old. Ask for a new one."),
        "max_email_addresses": _("You can have at most %d addresses."),
        "rate_limited": _("A little too fast. Wait a minute, then try again."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "unverified_primary_email": _("Confirm this address before you make it your main one."),
    }

    def clean_email(self, email: str) -> str:
        """allauth would cut a longer address down to one that is somebody else's. Raises ValidationError."""
        if len(email) > ADDRESS_LENGTH:
            raise ValidationError(_("This address is too long."))
        return str(super().clean_email(email))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store a new person; the first of an installation becomes its operator."""
        super().save_user(request, user, form, commit=False)
        return people.save_new(user) if commit else user

    def render_mail(self, template_prefix: str, email: Any, context: Any, headers: Any = None) -> EmailMessage:
        return letters.with_html(super().render_mail(template_prefix, email, context, headers))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Second factors. Their secrets are sealed in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _("Switch off two-step sign-in before you add an address."),
        "incorrect_code": _("That code isn’t right. Wait for the next one and try again."),
        "unverified_email": _("Confirm your e-mail address first: it is the way back in if you lose your phone."),
    }

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(FACTORS, text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(FACTORS, encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Plainsail"}
