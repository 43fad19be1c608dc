"""People: joining the installation, and what they say about themselves."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction

from plainsail.accounts.models import User, normal_address
from plainsail.kernel.jobs import job

FIRST_PERSON = 7_023_001
"""Key of the advisory lock under which an installation finds out who came first."""


@transaction.atomic
def register(*, email: str, name: str, password: str | None, at: datetime) -> User:
    """Make a person whose address counts as confirmed, as the installer's demo and commands do.

    The first one of an installation becomes its operator. Raises IntegrityError if the address is taken.
    """
    user = User(email=normal_address(email), name=name, is_confirmed=True, created_at=at)
    user.set_password(password)
    save_new(user)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def save_new(user: User) -> User:
    """Store a new person; the very first of an installation becomes its operator, however many come at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_PERSON])
    user.is_operator = not User.objects.exists()
    user.save(force_insert=True)
    return user


def change_profile(user: User, *, name: str, locale: str, theme: str) -> None:
    """Set what to call the person, the language to speak (empty: the browser's) and light or dark."""
    user.name, user.locale, user.theme = name, locale, theme
    user.save(update_fields=["name", "locale", "theme"])


def is_confirmed(user: User) -> bool:
    """Whether the person has shown to read mail at the address; remembered once it is so."""
    if not user.is_confirmed and EmailAddress.objects.filter(user=user, verified=True).exists():
        _remember_confirmed(user)
    return user.is_confirmed


def confirm_address(user: User, address: str) -> None:
    """The person opened a link that only this address was sent: it counts as theirs, unless somebody else proved so first."""
    if EmailAddress.objects.filter(email=address, verified=True).exclude(user=user).exists():
        return
    known, made = EmailAddress.objects.get_or_create(
        user=user, email=address, defaults={"verified": True, "primary": not _has_primary(user)}
    )
    if not made and not known.verified:
        known.verified = True
        known.save(update_fields=["verified"])
    _remember_confirmed(user)


def _has_primary(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, primary=True).exists())


def _remember_confirmed(user: User) -> None:
    user.is_confirmed = True
    user.save(update_fields=["is_confirmed"])


@job("accounts.clear_sessions")
def clear_sessions() -> None:
    """Delete the sessions that ran out."""
    SessionStore.clear_expired()
