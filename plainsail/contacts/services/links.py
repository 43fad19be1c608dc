"""Signed links in mail: confirm, preferences, unsubscribe. They never expire where the law says that they mustn't."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from plainsail.accounts.services import hosts
from plainsail.contacts.models import Contact, ListMember
from plainsail.contacts.services import link_tokens
from plainsail.contacts.services.link_tokens import CONFIRM, NO_LIST, PREFERENCES, UNSUBSCRIBE
from plainsail.kernel.crypto import BadToken, sign, verify
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id

CONFIRM_WITHIN = 60 * 60 * 24 * 30
"""Seconds for which a confirmation link works."""

MOST_MERGES = 20
"""How often in a row a link follows one contact to the next."""

T = TypeVar("T")


class NobodyThere(BadToken):
    """The link is true, and whom it was made for is here no more."""


def confirm_url(workspace: Workspace, member: ListMember) -> str:
    """The link in the confirmation mail; its page asks for one more press."""
    return hosts.public_url(workspace, f"/confirm/{_token(CONFIRM, member.id)}/")


def preferences_url(workspace: Workspace, contact_id: UUID) -> str:
    """What to get, and nothing at all."""
    return hosts.public_url(workspace, f"/preferences/{link_tokens.preferences(workspace.id, contact_id)}/")


def unsubscribe_url(workspace: Workspace, contact_id: UUID, list_id: UUID | None) -> str:
    """One click out of a list, or of everything (RFC 8058)."""
    return hosts.public_url(workspace, f"/unsubscribe/{link_tokens.unsubscribe(workspace.id, contact_id, list_id)}/")


def read_confirm(token: str) -> ListMember:
    """Raises BadToken, also for a link older than thirty days."""
    (member_id,) = _read(CONFIRM, token, 1, max_age=CONFIRM_WITHIN)
    found: ListMember = _found(
        ListMember.objects.select_related("contact", "list").filter(id=member_id, contact__deleted_at=None).first()
    )
    return found


def read_preferences(token: str) -> Contact:
    """Raises BadToken."""
    (contact_id,) = _read(PREFERENCES, token, 1)
    return _standing(contact_id)


def read_unsubscribe(token: str) -> tuple[Contact, UUID | None]:
    """The contact, and the list or None for everything. Raises BadToken, and NobodyThere for whoever is gone."""
    contact_id, list_id = _read(UNSUBSCRIBE, token, 2)
    return _standing(contact_id), None if list_id == NO_LIST else list_id


def _standing(contact_id: UUID) -> Contact:
    """The contact, or whoever stands for them since the two were merged: a link in old mail still works."""
    found: Contact | None = Contact.objects.filter(id=contact_id).first()
    for _hop in range(MOST_MERGES):
        if found is None or found.merged_into is None:
            break
        found = Contact.objects.filter(id=found.merged_into).first()
    if found is None or found.is_deleted:
        raise NobodyThere
    return found


def _token(purpose: str, *keys: UUID) -> str:
    return sign(purpose, current_workspace_id().bytes + b"".join(key.bytes for key in keys))


def _read(purpose: str, token: str, number: int, *, max_age: int | None = None) -> list[UUID]:
    payload = verify(purpose, token, max_age=max_age)
    if len(payload) != 16 * (number + 1) or payload[:16] != current_workspace_id().bytes:
        raise BadToken
    return [UUID(bytes=payload[16 * index : 16 * index + 16]) for index in range(1, number + 1)]


def _found(row: T | None) -> T:
    if row is None:
        raise BadToken
    return row
