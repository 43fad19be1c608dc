"""Countdowns: when time is up, for everybody or for one person, and what can't be bought then.

What ends for each person begins on the server: with a row for the browser that looked first, or with what is known of a
contact (joined, tagged, entered). A contact has one deadline on all their devices: the earliest. Of a stranger who clears
their browser nothing is known any more, so theirs begins anew; nothing else could be true without watching people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.automations.models import Run
from plainsail.blocks.sockets import Option
from plainsail.contacts.models import Contact, ContactTag, ListMember
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Countdown, CountdownStart
from plainsail.pages.services import prefilling
from plainsail.pages.sockets import CountdownCard
from plainsail.tracking.models import Visitor

Kind, Then = Countdown.Kind, Countdown.Then
DAY = 24 * 60


class TimeIsUp(Refusal):
    """What somebody wants to buy could be bought until a moment that is over, for them."""

    code = "time_is_up"
    message = gettext_lazy("This offer has ended.")
    status = 410


def save(countdown: Countdown, **values: Any) -> Countdown:
    """Make a countdown, or change it. Beginnings stay, so a longer time is longer for everybody from where they began."""
    for name, value in values.items():
        setattr(countdown, name, value)
    countdown.save()
    return countdown


def archive(countdown: Countdown) -> None:
    """Put a countdown away; what it closed can be bought again."""
    countdown.is_archived = True
    countdown.save(update_fields=["is_archived"])


@transaction.atomic
def begin(countdown: Countdown, *, visitor_id: UUID | None, contact: Contact | None, at: datetime) -> datetime | None:
    """Note somebody's first look where that is what counts, once; returns their deadline, as `deadline` does."""
    known = deadline(countdown, visitor_id=visitor_id, contact=contact)
    if known is not None or countdown.kind != Kind.VISIT:
        return known
    if visitor_id is not None or contact is not None:
        # Two looks at once make one row: what is written first stays.
        row = CountdownStart(countdown=countdown, visitor_id=visitor_id, contact=contact, started_at=at)
        CountdownStart.objects.bulk_create([row], ignore_conflicts=True)
    return deadline(countdown, visitor_id=visitor_id, contact=contact) or at + _length(countdown)


def deadline(countdown: Countdown, *, visitor_id: UUID | None, contact: Contact | None) -> datetime | None:
    """When it is over for somebody; None where it has not begun for them. One or two queries; none for a fixed moment."""
    if countdown.kind == Kind.FIXED:
        return countdown.ends_at
    started = _started(countdown, visitor_id=visitor_id, contact=contact)
    return started + _length(countdown) if started else None


def _length(countdown: Countdown) -> timedelta:
    return timedelta(minutes=countdown.minutes)


def _started(countdown: Countdown, *, visitor_id: UUID | None, contact: Contact | None) -> datetime | None:
    found: Iterable[datetime]
    if countdown.kind == Kind.VISIT:
        browsers = (
            set(Visitor.objects.filter(contact=contact).values_list("visitor_id", flat=True)) if contact else set()
        )
        theirs = Q(visitor_id__in=browsers | ({visitor_id} if visitor_id else set()))
        theirs |= Q(contact=contact) if contact else Q()
        found = countdown.starts.filter(theirs).values_list("started_at", flat=True)
    elif contact is None:
        return None
    elif countdown.kind == Kind.LIST:
        joined = ListMember.objects.filter(contact=contact, list=countdown.list_id, state=ListMember.State.SUBSCRIBED)
        found = joined.values_list("changed_at", flat=True)
    elif countdown.kind == Kind.TAG:
        found = ContactTag.objects.filter(contact=contact, tag=countdown.tag_id).values_list("created_at", flat=True)
    else:
        runs = Run.objects.filter(contact=contact, automation=countdown.automation_id)
        found = runs.values_list("entered_at", flat=True)
    return min(found, default=None)


def for_visitor(
    ids: Collection[str], *, visitor_id: UUID | None, contact: Contact | None, at: datetime
) -> dict[str, int]:
    """The deadlines of these countdowns for somebody, by id, in milliseconds since 1970; a first look begins what waits
    for one."""
    found = {}
    for one in Countdown.objects.filter(id__in=ids, is_archived=False).order_by("id"):
        moment = begin(one, visitor_id=visitor_id, contact=contact, at=at)
        if moment is not None:
            found[one.id.hex] = int(moment.timestamp() * 1000)
    return found


def refuse_if_over(offer_id: UUID, *, visitor_id: UUID | None, at: datetime) -> None:
    """Raise TimeIsUp where a countdown closes this offer for whoever's browser this is. Any browser after a fixed moment."""
    closing = [
        one for one in Countdown.objects.filter(is_archived=False).exclude(closes={}).order_by("id")
        if str(offer_id) in one.closes.get("offers", [])
    ]  # fmt: skip
    if not closing:
        return
    contact = prefilling.contact_of(visitor_id)
    for one in closing:
        moment = deadline(one, visitor_id=visitor_id, contact=contact)
        if moment is not None and moment <= at:
            raise TimeIsUp(one.words or None)


def options() -> list[Option]:
    """The countdowns there are, for a section to choose from."""
    return [Option(one.id, one.name) for one in Countdown.objects.filter(is_archived=False).order_by("name", "id")]


def cards(ids: Collection[UUID]) -> dict[UUID, CountdownCard]:
    """Those of these countdowns that exist, as sections show them. One query."""
    rows = Countdown.objects.filter(id__in=ids, is_archived=False).select_related("workspace", "list")
    return {one.id: card(one) for one in rows}


def card(countdown: Countdown) -> CountdownCard:
    """What a section shows of a countdown, in the words of its business, before any script runs."""
    with translation.override(countdown.workspace.locale):
        return CountdownCard(
            id=countdown.id.hex,
            sentence=sentence(countdown),
            moment=countdown.ends_at.isoformat() if countdown.kind == Kind.FIXED and countdown.ends_at else "",
            then=countdown.then,
            words=countdown.words or _("Time is up."),
            url=countdown.url,
            units=[_("days"), _("hours"), _("minutes"), _("seconds")],
        )


def sentence(countdown: Countdown) -> str:
    """Until when, in the active language: a moment with its zone, or how long from what."""
    if countdown.kind == Kind.FIXED:
        return _("Until %(moment)s") % {"moment": _moment(countdown.workspace, countdown.ends_at)}
    facts = {"time": _time(countdown.minutes), "list": countdown.list.name if countdown.list else ""}
    if countdown.kind == Kind.VISIT:
        return _("%(time)s from your first look at this page") % facts
    if countdown.kind == Kind.LIST:
        return _("%(time)s from joining “%(list)s”") % facts
    return _("For a limited time: %(time)s") % facts


def _moment(workspace: Workspace, moment: datetime | None) -> str:
    if moment is None:
        return "–"
    local = moment.astimezone(ZoneInfo(workspace.timezone))
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')} ({workspace.timezone})"


def _time(minutes: int) -> str:
    days, rest = divmod(minutes, DAY)
    hours, left = divmod(rest, 60)
    parts = [
        ngettext("%(number)s day", "%(number)s days", days) % {"number": days} if days else "",
        ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours} if hours else "",
        ngettext("%(number)s minute", "%(number)s minutes", left) % {"number": left} if left or not minutes else "",
    ]
    return ", ".join(filter(None, parts))
