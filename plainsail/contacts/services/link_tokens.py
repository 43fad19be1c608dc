"""The signed part of links in mail. Django-free: senders make them by the million."""

from __future__ import annotations

from uuid import UUID

from plainsail.kernel.crypto import sign

CONFIRM, PREFERENCES, UNSUBSCRIBE = "contacts.confirm", "contacts.preferences", "contacts.unsubscribe"
NO_LIST = UUID(int=0)


def preferences(workspace_id: UUID, contact_id: UUID) -> str:
    """Token for `/preferences/<token>/`."""
    return sign(PREFERENCES, workspace_id.bytes + contact_id.bytes)


def unsubscribe(workspace_id: UUID, contact_id: UUID, list_id: UUID | None) -> str:
    """Token for `/unsubscribe/<token>/`; without a list it leads out of everything."""
    return sign(UNSUBSCRIBE, workspace_id.bytes + contact_id.bytes + (list_id or NO_LIST).bytes)
