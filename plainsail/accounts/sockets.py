"""What other areas plug into accounts: the words of the audit log, and what API keys can be let into."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise

from plainsail.kernel.registry import Registry


@dataclass(frozen=True, kw_only=True)
class AuditAction:
    """How the audit log words an action, such as “Removed from the team”; what it was done to stands beside it."""

    label: str | Promise


AUDIT_ACTIONS: Registry[AuditAction] = Registry("accounts.audit_actions")
"""Key of an action, `<area>.<what_happened>`, to its words."""


@dataclass(frozen=True, kw_only=True)
class ApiScope:
    """A room that an API key may be let into: its name, and in plain words what reading and changing mean there."""

    label: str | Promise
    read: str | Promise
    write: str | Promise
    order: int = 0


API_SCOPES: Registry[ApiScope] = Registry("accounts.api_scopes")
"""Area, as in its permissions (`contacts` for `contacts.view`), to its scope."""
