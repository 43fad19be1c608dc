"""Access with its reason. Giving and ending may be told twice and in any order: once ended, a reason stays ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from plainsail.contacts.models import Contact
from plainsail.kernel.events import publish, publish_many
from plainsail.portal.events import AccessEnded, AccessGiven
from plainsail.portal.models import Grant


@transaction.atomic
def give(
    contact: Contact,
    *,
    resource: str,
    source_kind: str,
    source_id: UUID,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Let a contact use a resource because of a source, from `starts_at` (else at once) until `ends_at` (else for good).

    Given again for the same source, the period is set anew; what that source ended stays ended. What opens or closes at once
    by that is told, as when a contract rests and goes on.
    """
    grant, is_new = Grant.objects.get_or_create(
        contact=contact,
        resource=resource,
        source_kind=source_kind,
        source_id=source_id,
        defaults={"starts_at": starts_at or at, "ends_at": ends_at, "created_at": at},
    )
    if is_new:
        publish(AccessGiven(contact_id=contact.pk, at=at, **_facts(grant)))
    elif grant.revoked_at is None and (starts_at or grant.starts_at, ends_at) != (grant.starts_at, grant.ends_at):
        was_live = grant.is_live(at=at)
        grant.starts_at, grant.ends_at = starts_at or grant.starts_at, ends_at
        grant.save(update_fields=["starts_at", "ends_at"])
        if was_live != grant.is_live(at=at):
            told = AccessEnded if was_live else AccessGiven
            publish(told(contact_id=contact.pk, at=at, **_facts(grant)))
    found: Grant = grant
    return found


@transaction.atomic
def end(contact: Contact, *, resource: str, source_kind: str, source_id: UUID, at: datetime) -> None:
    """Take back one reason for a contact's access, even one that is only given later by an event that was delayed."""
    grant, is_new = Grant.objects.select_for_update().get_or_create(
        contact=contact,
        resource=resource,
        source_kind=source_kind,
        source_id=source_id,
        defaults={"starts_at": at, "revoked_at": at, "created_at": at},
    )
    if not is_new:
        _end([grant], at=at)


@transaction.atomic
def end_source(*, source_kind: str, source_id: UUID, at: datetime) -> int:
    """Take back everything that a source gave, to whomever; returns how many grants ended."""
    given = Grant.objects.filter(source_kind=source_kind, source_id=source_id, revoked_at=None)
    return _end(list(given.order_by("id").select_for_update()), at=at)


def come_sooner(*, source_kind: str, by: timedelta, at: datetime) -> int:
    """What sources of a kind gave ends that much earlier, where its end is still to come; how many. One statement."""
    return int(Grant.objects.filter(source_kind=source_kind, ends_at__gt=at).update(ends_at=F("ends_at") - by))


def has_access(contact: Contact, resource: str, *, at: datetime) -> bool:
    """Whether any live grant lets the contact use the resource. One index probe."""
    return bool(Grant.objects.live(at=at).filter(contact=contact, resource=resource).exists())


def resources_of(contact: Contact, *, at: datetime) -> list[str]:
    """What the contact may use at a moment, each once, by name."""
    live = Grant.objects.live(at=at).filter(contact=contact)
    return list(live.order_by("resource").values_list("resource", flat=True).distinct())


def _end(grants: list[Grant], *, at: datetime) -> int:
    open_ones = [grant for grant in grants if grant.revoked_at is None]
    Grant.objects.filter(pk__in=[grant.pk for grant in open_ones]).update(revoked_at=at)
    publish_many(AccessEnded(contact_id=grant.contact_id, at=at, **_facts(grant)) for grant in open_ones)
    return len(open_ones)


def _facts(grant: Grant) -> dict[str, Any]:
    return {
        "grant_id": grant.pk,
        "resource": grant.resource,
        "source_kind": grant.source_kind,
        "source_id": grant.source_id,
    }
