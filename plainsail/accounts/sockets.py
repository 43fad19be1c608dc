"""What other areas plug into accounts: the words of the audit log."""

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
