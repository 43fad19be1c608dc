"""What is plugged into payments: the gateways, and who depends on an account at one."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from plainsail.kernel.registry import Registry
from plainsail.payments.gateways.base import Gateway


class Dependents(Protocol):
    """Who charges through an account: a sentence that says what and how many, or an empty one. Asked in the workspace."""

    def __call__(self, account_id: UUID) -> str: ...


GATEWAYS: Registry[Gateway] = Registry("payments.gateways")
"""Code of a gateway, such as `sandbox`, to the gateway."""
DEPENDENTS: Registry[Dependents] = Registry("payments.dependents")
