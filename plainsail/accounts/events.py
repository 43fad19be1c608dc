"""What accounts tells the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class WorkspaceCreated(Event):
    """A business was opened; `owner_id` is the user who owns it."""

    name: ClassVar[str] = "accounts.workspace_created"
    owner_id: UUID


@dataclass(frozen=True, kw_only=True)
class WorkspaceChanged(Event):
    """Name, language, currency, time zone, postal address or web address of the business changed; `fields` says which."""

    name: ClassVar[str] = "accounts.workspace_changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class MemberInvited(Event):
    """Somebody was asked to join the business."""

    name: ClassVar[str] = "accounts.member_invited"
    invitation_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Event):
    """A person became a member of the business, as its first owner or by an invitation."""

    name: ClassVar[str] = "accounts.member_joined"
    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(Event):
    """A member has another role from now on."""

    name: ClassVar[str] = "accounts.member_role_changed"
    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberLeft(Event):
    """A person is no longer a member: left, or was removed."""

    name: ClassVar[str] = "accounts.member_left"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PublicHostChanged(Event):
    """The business is known under another host name from now on: links to its site are written with it."""

    name: ClassVar[str] = "accounts.public_host_changed"
    host: str
