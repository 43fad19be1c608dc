"""Businesses: opening one, and its settings."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.events import MemberJoined, WorkspaceChanged, WorkspaceCreated
from plainsail.accounts.models import Membership, Role, User
from plainsail.accounts.services import audit, hosts
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace as open_workspace

SLUG_LENGTH = 40
DOUBLE_CLICK = timedelta(minutes=1)
# fmt: off
RESERVED = frozenset({
    "account", "accounts", "admin", "api", "app", "assets", "autoconfig", "autodiscover", "blog", "c", "cdn",
    "dashboard", "dns", "docs", "edge", "f", "ftp", "help", "imap", "localhost", "mail", "mailbox", "media", "mx",
    "news", "ns", "ns1", "ns2", "o", "pop", "postmaster", "root", "shop", "smtp", "static", "status", "support",
    "track", "ui", "w", "webmail", "www",
})
# fmt: on
"""Names that mean something on a domain, so that no business sits where people look for the installation itself."""
SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})


class AddressTaken(Refusal):
    code = "address_taken"
    message = _("This web address is taken. Try another one.")


class AddressReserved(Refusal):
    code = "address_reserved"
    message = _("This web address is kept for the installation itself. Try another one.")


@transaction.atomic
def create(
    *,
    name: str,
    owner: User,
    at: datetime,
    slug: str = "",
    timezone: str = "UTC",
    locale: str = "en",
    currency: str = "EUR",
    postal_address: str = "",
) -> Workspace:
    """Open a business for its owner: web address from the name, site, owner's membership, events.

    Asked again for the same name within a minute (a double click) it gives the first one. A given `slug` is taken as
    it is. Raises AddressTaken and AddressReserved, only for a given slug.
    """
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if (again := _just_opened(name, owner=owner, at=at)) is not None:
        return again
    made = _insert(
        Workspace(
            name=name,
            timezone=timezone,
            locale=locale,
            currency=currency,
            postal_address=postal_address,
            created_at=at,
        ),
        slugs=iter([_allowed(slug)]) if slug else suggestions(name),
    )
    Membership.objects.create(workspace=made, user=owner, role=Role.OWNER, created_at=at, seen_at=at)
    with open_workspace(made):
        publish(WorkspaceCreated(owner_id=owner.pk, at=at))
        publish(MemberJoined(user_id=owner.pk, role=Role.OWNER.value, at=at))
        audit.record("accounts.workspace_created", by=owner, at=at, subject=name)
    return made


def suggestions(name: str) -> Iterator[str]:
    """Slugs for a name without end: `toepferei`, `toepferei-2` … and then with letters by chance."""
    base = slugify(name.lower().translate(SPELLED_OUT)).replace("_", "-")[:SLUG_LENGTH].strip("-") or "business"
    if base not in RESERVED and not base.startswith("xn--"):
        yield base
    for number in range(2, 10):
        yield f"{base}-{number}"
    while True:
        yield f"{base}-{secrets.token_hex(3)}"


def change(
    workspace: Workspace,
    *,
    name: str,
    timezone: str,
    locale: str,
    currency: str,
    postal_address: str,
    by: User,
    at: datetime,
) -> list[str]:
    """Set the business's name and habits, in the open workspace; returns the names of the fields that changed."""
    wanted = {
        "name": name,
        "timezone": timezone,
        "locale": locale,
        "currency": currency,
        "postal_address": postal_address,
    }
    fields = [field for field, value in wanted.items() if getattr(workspace, field) != value]
    if not fields:
        return []
    for field in fields:
        setattr(workspace, field, wanted[field])
    workspace.save(update_fields=fields)
    publish(WorkspaceChanged(fields=fields, at=at))
    audit.record("accounts.workspace_changed", by=by, at=at, subject=workspace.name, details={"fields": fields})
    return fields


@transaction.atomic
def move(workspace: Workspace, *, slug: str, by: User, at: datetime) -> None:
    """Give the business another web address, in the open workspace. The former one goes on leading to its site.

    Raises AddressTaken, AddressReserved.
    """
    before = workspace.slug
    if slug == before:
        return
    wanted = _allowed(slug)
    if Workspace.objects.filter(slug=wanted).exists() or _is_somebody_elses(workspace, wanted):
        raise AddressTaken(field="slug")
    try:
        with transaction.atomic():
            workspace.slug = wanted
            workspace.save(update_fields=["slug"])
            hosts.open_another_site(workspace)
    except IntegrityError:
        workspace.slug = before
        raise AddressTaken(field="slug") from None
    publish(WorkspaceChanged(fields=["slug"], at=at))
    audit.record("accounts.address_changed", by=by, at=at, subject=hosts.site_host(wanted), details={"before": before})


def _allowed(slug: str) -> str:
    if slug in RESERVED or slug.startswith("xn--"):
        raise AddressReserved(field="slug")
    return slug


def _is_somebody_elses(workspace: Workspace, slug: str) -> bool:
    is_own = workspace.hosts.filter(host=hosts.site_host(slug)).exists()
    return not is_own and hosts.is_taken(slug)


def _just_opened(name: str, *, owner: User, at: datetime) -> Workspace | None:
    return (
        Workspace.objects.filter(
            name=name, memberships__user=owner, memberships__role=Role.OWNER, created_at__gt=at - DOUBLE_CLICK
        )
        .order_by("created_at")
        .first()
    )


def _insert(unsaved: Workspace, *, slugs: Iterator[str]) -> Workspace:
    """Take the first slug that is free; another business may take one at the same moment, so only the insert decides."""
    for slug in slugs:
        if hosts.is_taken(slug) or Workspace.objects.filter(slug=slug).exists():
            continue
        unsaved.slug = slug
        try:
            with transaction.atomic():
                unsaved.save(force_insert=True)
                hosts.open_site(unsaved)
        except IntegrityError:
            continue
        return unsaved
    raise AddressTaken(field="slug")
