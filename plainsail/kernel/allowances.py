"""How much of something a business may have: asked where it grows, answered by whoever sets plans. Else nothing is limited.

Only growth is refused. What is there already stays, whatever is allowed later.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.kernel.errors import Refusal
from plainsail.kernel.registry import Registry

PEOPLE, DOMAINS, MEGABYTES = "people", "domains", "megabytes"
"""What can be limited. Contacts, mails and pages can't: no meter runs on them."""


class Allowed(Protocol):
    """How many a business may have of something (`PEOPLE` …); None where it isn't limited."""

    def __call__(self, workspace_id: UUID, what: str) -> int | None: ...


ALLOWED: Registry[Allowed] = Registry("kernel.allowed")


class NotIncluded(Refusal):
    """The business has as many as its plan includes."""

    code = "not_included"
    message = _(
        "This business has as many as it may have. Its owner can choose a plan that includes more under Settings → Billing."
    )


def most(workspace_id: UUID, what: str) -> int | None:
    """The tightest limit that anybody sets; None where nobody does. A query for each that is asked."""
    found = [limit for ask in ALLOWED if (limit := ask(workspace_id, what)) is not None]
    return min(found, default=None)


def refuse_beyond(workspace_id: UUID, what: str, *, has: int, field: str | None = None) -> None:
    """Raises NotIncluded where a business that has so many may not have one more."""
    limit = most(workspace_id, what)
    if limit is not None and has >= limit:
        raise NotIncluded(field=field)
