"""What the portal tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CustomerSignedIn(Event):
    """A contact entered their account on the site by the link in a mail."""

    name: ClassVar[str] = "portal.customer_signed_in"


@dataclass(frozen=True, kw_only=True)
class AccessGiven(Event):
    """A contact may use something from now on, for one reason."""

    name: ClassVar[str] = "portal.access_given"
    grant_id: UUID
    resource: str
    source_kind: str
    source_id: UUID


@dataclass(frozen=True, kw_only=True)
class AccessEnded(Event):
    """One reason for a contact's access was taken back. Another may still give it: ask `grants.has_access`."""

    name: ClassVar[str] = "portal.access_ended"
    grant_id: UUID
    resource: str
    source_kind: str
    source_id: UUID
