"""Contacts, their tags, lists and segments, and archives of them, for programs."""

from plainsail.contacts.api import exports, groups, people
from plainsail.contacts.api.routing import router

__all__ = ["exports", "groups", "people", "router"]
