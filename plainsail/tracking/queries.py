"""Counts of what visitors did. People only, unless the question says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _

from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import Kinds, TimelineEntry
from plainsail.tracking.models import Agent, Hit


def count_hits(*, kind: str, start: datetime, end: datetime) -> int:
    """How many visits, clicks or opens by people from a moment up to another. One range of an index, and nothing else."""
    return int(Hit.objects.filter(kind=kind, agent=Agent.HUMAN, at__gte=start, at__lt=end).count())


def per_day(*, kind: str, start: datetime, end: datetime, zone: str) -> dict[str, int]:
    """Local day (ISO) to number, days without any left out."""
    rows = (
        Hit.objects.filter(kind=kind, agent=Agent.HUMAN, at__gte=start, at__lt=end)
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=ZoneInfo(zone)))
        .values_list("day")
        .annotate(number=Count("*"))
    )
    return {day.isoformat(): number for day, number in rows}


def visits_of_pages(page_ids: Iterable[UUID], *, since: datetime) -> dict[UUID, int]:
    """Page id to views by people since a moment."""
    rows = (
        Hit.objects.filter(kind="visit", agent=Agent.HUMAN, page_id__in=list(page_ids), at__gte=since)
        .order_by()
        .values_list("page_id")
        .annotate(number=Count("id"))
    )
    return dict(rows)


def visits_per_day(page_ids: Iterable[UUID], *, since: datetime, zone: ZoneInfo) -> dict[date, int]:
    """Local day to views of these pages by people since a moment, days without any left out."""
    rows = (
        Hit.objects.filter(kind="visit", agent=Agent.HUMAN, page_id__in=list(page_ids), at__gte=since)
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("day")
        .annotate(number=Count("id"))
    )
    return dict(rows)


def people_of_pages(page_ids: Iterable[UUID], *, start: datetime, end: datetime) -> dict[UUID, int]:
    """Page id to how many different browsers people looked at it with; a look without a known browser is one of its own.

    Reads every visit of these pages in the span, along an index.
    """
    looks = Hit.objects.filter(
        kind="visit", agent=Agent.HUMAN, page_id__in=list(page_ids), at__gte=start, at__lt=end
    ).order_by()
    rows = looks.values_list("page_id").annotate(number=Count(Coalesce("visitor_id", "id"), distinct=True))
    return dict(rows)


def last_page_of_contact(contact_id: UUID, *, among: Sequence[UUID], start: datetime, end: datetime) -> UUID | None:
    """Which of these pages a contact looked at last in a span; None for none."""
    looks = Hit.objects.filter(kind="visit", contact_id=contact_id, page_id__in=among, at__gte=start, at__lte=end)
    found: UUID | None = looks.order_by("-at", "-id").values_list("page_id", flat=True).first()
    return found


def of_deliveries(delivery_ids: Iterable[UUID], *, kind: str) -> dict[str, int]:
    """Class of agent to the number of different deliveries that were clicked or opened by it."""
    rows = (
        Hit.objects.filter(kind=kind, delivery_id__in=list(delivery_ids))
        .order_by()
        .values_list("agent")
        .annotate(number=Count("delivery_id", distinct=True))
    )
    return dict(rows)


HIT_COLUMNS = ("contact_id", "at", "kind", "path", "url", "referrer", "agent", "reason", "campaign", "delivery_id")
"""What an export of contacts says of their visits, clicks and opens; `agent` is who it was: a person or a program."""


def hits_of_contacts(people: Sequence[UUID]) -> Iterable[dict[str, Any]]:
    """Visits, clicks and opens of these contacts by HIT_COLUMNS, oldest first; one statement along an index of each month."""
    rows = Hit.objects.filter(contact_id__in=people).order_by("contact_id", "at", "id")
    found: Iterable[dict[str, Any]] = rows.values(*HIT_COLUMNS)
    return found


def timeline(contact: Contact, before: datetime, limit: int, kinds: Kinds | None) -> Sequence[TimelineEntry]:
    """A contact's visits and clicks before a moment, newest first."""
    hits = Hit.objects.filter(contact_id=contact.id, at__lt=before).exclude(agent=Agent.SCANNER).order_by("-at", "-id")
    if kinds is not None:
        hits = hits.filter(kind__in=kinds)
    return [_entry(hit) for hit in hits[:limit]]


def _entry(hit: Hit) -> TimelineEntry:
    if hit.kind == "click":
        return TimelineEntry(hit.at, "mouse-pointer-click", _("Followed a link in a mail"), text=hit.url, kind="click")
    if hit.kind == "open":
        said = _("A mail was opened") if hit.agent == Agent.HUMAN else _("A mail was loaded by a proxy")
        return TimelineEntry(hit.at, "mail-open", said, kind="open")
    return TimelineEntry(
        hit.at, "eye", _("Visited %(path)s") % {"path": hit.path or "/"}, text=hit.referrer, kind="visit"
    )
