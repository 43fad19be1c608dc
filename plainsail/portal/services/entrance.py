"""A customer's sign-in: a link by mail, good for fifteen minutes and once, then a session bound to its host."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.services import hosts
from plainsail.contacts.models import Contact
from plainsail.contacts.services.addresses import normalise
from plainsail.kernel import clock, crypto, due, languages
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery
from plainsail.mail.services import letters, notices, transactional
from plainsail.portal.events import CustomerSignedIn
from plainsail.portal.models import PortalSession, SignInLink

PURPOSE = "portal.sign_in"
NOTICE = "portal.sign_in"
"""Kind of the letter with the link."""
TIDY = "portal.tidy"
LINK_LIVES = timedelta(minutes=15)
SESSION_LIVES = timedelta(days=30)
SEEN_EVERY = timedelta(hours=1)
LINKS_KEPT = timedelta(days=1)
PER_ADDRESS_AND_HOUR = 5
PER_NETWORK_AND_HOUR = 30


class TooManyLinks(Refusal):
    code = "too_many_links"
    message = _("That were many attempts in a short time. Please try again in an hour.")
    status = 429


class LinkOver(Refusal):
    code = "link_over"
    message = _("This link was used already, or is too old. Have a new one sent.")
    status = 410


@transaction.atomic
def ask_for_link(*, email: str, ip: str, at: datetime, next_path: str = "") -> None:
    """Note that a link was asked for, in the open workspace; a job sends it if the address is a contact's.

    What happens here is the same for every address, so that nobody learns whose customers there are.
    Raises BadAddress, TooManyLinks (by network address only).
    """
    address = normalise(email)
    recent = SignInLink.objects.filter(ip=ip, created_at__gt=at - timedelta(hours=1))
    if recent.count() >= PER_NETWORK_AND_HOUR:
        raise TooManyLinks
    link = SignInLink.objects.create(
        email=address, ip=ip, next_path=next_path, created_at=at, expires_at=at + LINK_LIVES
    )
    due.schedule(TIDY, at + LINKS_KEPT)
    send_link.later(link_id=link.pk)


@job("portal.send_link")
def send_link(*, link_id: UUID) -> None:
    """Send the link to the contact who has the address, unless too many went there within the hour."""
    link = SignInLink.objects.filter(pk=link_id, contact=None, used_at=None).first()
    contact = Contact.objects.alive().filter(email=link.email).first() if link else None
    if link is None or contact is None or _is_pestered(link):
        return
    link.contact = contact
    link.save(update_fields=["contact"])
    business = Workspace.objects.get(pk=current_workspace_id())
    with translation.override(languages.first_known(contact.locale, business.locale)):
        facts = {"business": business.name}
        original_subject, words = _said(facts)
        said = notices.said(NOTICE, subject=original_subject, paragraphs=[words], values=facts)
        html, text = letters.letter(
            _text("Sign in to %(business)s") % facts,
            said.paragraphs,
            button=(_text("Sign in"), hosts.public_url(business, f"/account/link/{token(link)}/")),
            footer=_text("If you didn’t ask for it, you need do nothing."),
        )
    transactional.send(
        NOTICE,
        to=contact.email,
        contact_id=contact.pk,
        subject=said.subject,
        text=text,
        html=html,
        key=str(link.pk),
        at=clock.now(),
        # A second copy of the same link does no harm; none at all locks somebody out.
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )


def _said(facts: Mapping[str, str]) -> tuple[str, str]:
    return (
        _text("Your sign-in link for %(business)s") % facts,
        _text("With this link you get into your account. It works once, for 15 minutes."),
    )


def original() -> tuple[str, str]:
    """Subject and words of the sign-in link's letter, their fields in braces, in the active language."""
    return _said({"business": "{{business}}"})


@transaction.atomic
def enter(link: SignInLink, *, host: str, at: datetime) -> str:
    """Use the link up and begin a session on this host; returns the key for the cookie. Raises LinkOver."""
    claimed = SignInLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=at).update(used_at=at)
    contact = Contact.objects.alive().filter(pk=link.contact_id).first() if claimed else None
    if contact is None:
        raise LinkOver
    key = secrets.token_urlsafe(32)
    PortalSession.objects.create(
        contact=contact, key_hash=_hash(key), host=host, created_at=at, seen_at=at, expires_at=at + SESSION_LIVES
    )
    due.schedule(TIDY, at + LINKS_KEPT)
    publish(CustomerSignedIn(contact_id=contact.pk, at=at))
    return key


def who(key: str, *, host: str, at: datetime) -> Contact | None:
    """The contact whose session has this key on this host, in the open workspace. Writes at most once an hour."""
    session = (
        PortalSession.objects.select_related("contact")
        .filter(key_hash=_hash(key), host=host, expires_at__gt=at, contact__deleted_at=None)
        .first()
    )
    if session is None:
        return None
    if at - session.seen_at > SEEN_EVERY:
        PortalSession.objects.filter(pk=session.pk).update(seen_at=at, expires_at=at + SESSION_LIVES)
    contact: Contact = session.contact
    return contact


def leave(key: str) -> None:
    """End the session of this key."""
    PortalSession.objects.filter(key_hash=_hash(key)).delete()


def leave_everywhere(contact: Contact) -> int:
    """End all sessions of a contact; returns how many there were."""
    ended: int = PortalSession.objects.filter(contact=contact).delete()[0]
    return ended


def token(link: SignInLink) -> str:
    """The key in the mail: always the same for the same link."""
    return crypto.sign(PURPOSE, link.pk.bytes, at=link.created_at.timestamp())


def find_link(value: str) -> SignInLink | None:
    """The link of a token, whatever became of it; nothing for one that isn't ours, or another business's."""
    try:
        payload = crypto.verify(PURPOSE, value)
    except BadToken:
        return None
    if len(payload) != 16:
        return None
    found: SignInLink | None = (
        SignInLink.objects.select_related("contact").exclude(contact=None).filter(pk=UUID(bytes=payload)).first()
    )
    return found


@due.runs(TIDY)
def tidy(*, at: datetime) -> datetime | None:
    """Delete links after a day and sessions that ran out; returns when there is something to tidy again."""
    SignInLink.objects.filter(created_at__lte=at - LINKS_KEPT).delete()
    PortalSession.objects.filter(expires_at__lte=at).delete()
    is_empty = not SignInLink.objects.exists() and not PortalSession.objects.exists()
    return None if is_empty else at + LINKS_KEPT


def _is_pestered(link: SignInLink) -> bool:
    """Whether as many links as an hour allows went to this address before this one."""
    sent = SignInLink.objects.filter(email=link.email, created_at__gt=link.created_at - timedelta(hours=1))
    return bool(sent.exclude(contact=None).count() >= PER_ADDRESS_AND_HOUR)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
