"""Customers and their access, for tests. Made inside an open workspace."""

from __future__ import annotations

import uuid

from plainsail.contacts.services import contacts
from plainsail.kernel import clock
from plainsail.portal.models import PortalSession
from plainsail.portal.services import entrance


def customer(email="maren@example.com", **fields):
    return contacts.find_or_create(
        email=email, source="test", at=clock.now(), fields={"first_name": "Maren", "last_name": "Thiessen"} | fields
    )


def session_key(contact, *, host="juniper.localhost", at=None):
    """Key of a fresh session, as the cookie holds it."""
    at = at or clock.now()
    key = uuid.uuid4().hex
    PortalSession.objects.create(
        contact=contact,
        key_hash=entrance._hash(key),
        host=host,
        seen_at=at,
        expires_at=at + entrance.SESSION_LIVES,
    )
    return key
