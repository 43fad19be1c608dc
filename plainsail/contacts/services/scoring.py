"""Rules for points, levels, fading; and points given by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.contacts.models import Contact, ScoreEntry, ScoreLevel, ScoreRule
from plainsail.contacts.services import counting, uses
from plainsail.contacts.sockets import SCORABLE
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal

MOST_RULES = 100


class UnknownEvent(Refusal):
    """No area offers this event."""

    code = "unknown_event"
    message = _("Nothing gives points for that.")


class LevelTaken(Refusal):
    """Another level begins there."""

    code = "level_taken"
    message = _("Another level begins at this score.")


class TooManyRules(Refusal):
    """More rules than anybody could understand a score by."""

    code = "too_many_rules"
    message = _("There are a hundred rules already.")


@transaction.atomic
def define(
    *, name: str, event: str, value: str, points: int, at_most: int | None, span_days: int | None, at: datetime
) -> ScoreRule:
    """A rule; what happened before counts too, within minutes. Raises UnknownEvent, TooManyRules."""
    scorable = SCORABLE.get(event)
    if scorable is None:
        raise UnknownEvent(field="event")
    if ScoreRule.objects.count() >= MOST_RULES:
        raise TooManyRules(field="name")
    made: ScoreRule = ScoreRule.objects.create(
        name=name,
        event=event,
        field=scorable.field if value else "",
        value=value,
        is_exact=scorable.choices is not None,
        points=points,
        at_most=at_most,
        span_days=span_days if at_most else None,
        created_at=at,
    )
    counting.start_recount(at=at)
    return made


@transaction.atomic
def change(
    rule: ScoreRule,
    *,
    name: str,
    points: int,
    at_most: int | None,
    span_days: int | None,
    is_active: bool,
    at: datetime,
) -> None:
    """Change what a rule gives; what it gave before is counted anew."""
    rule.name, rule.points, rule.at_most = name, points, at_most
    rule.span_days, rule.is_active = span_days if at_most else None, is_active
    rule.save(update_fields=["name", "points", "at_most", "span_days", "is_active"])
    counting.start_recount(at=at)


@transaction.atomic
def delete(rule: ScoreRule, *, at: datetime) -> None:
    """Forget a rule and all that it gave."""
    rule.delete()
    counting.start_recount(at=at)


@transaction.atomic
def fade(*, half_life_days: int | None, at: datetime) -> None:
    """After how many days points of rules are worth half; None for never."""
    scoring = counting.locked(at=at)
    scoring.half_life_days, scoring.faded_on = half_life_days, None
    scoring.save(update_fields=["half_life_days", "faded_on"])
    counting.take_in_set_scores(at=at)
    counting.refresh(None, scoring=scoring, at=at)
    due.schedule(counting.KIND, at)


def add_level(*, name: str, points: int, at: datetime) -> ScoreLevel:
    """A named score. Whoever is above it already is not told of. Raises LevelTaken."""
    if ScoreLevel.objects.filter(points=points).exists():
        raise LevelTaken(field="points")
    made: ScoreLevel = ScoreLevel.objects.create(name=name, points=points, created_at=at)
    return made


def delete_level(level: ScoreLevel) -> None:
    """Take a name off a score. What was told of it stays told. Raises InUse, which says what needs it."""
    uses.refuse(str(level.id))
    level.delete()


@transaction.atomic
def set_by_hand(contact: Contact, *, score: int, note: str, author: User, at: datetime) -> None:
    """Give or take the points that bring a contact to this score now. They stay as an entry of their own and don't fade."""
    counting.locked(at=at)
    counting.take_in_set_scores(at=at, ids=[contact.pk])
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if score == contact.score:
        return
    ScoreEntry.objects.create(
        contact=contact, points=score - contact.score, note=note, author=author, at=at, created_at=at
    )
    before = contact.score if contact.score_peak is None else contact.score_peak
    contact.score = contact.score_counted = score
    contact.score_peak = max(before, score)
    contact.updated_at = at
    contact.save(update_fields=["score", "score_counted", "score_peak", "updated_at"])
    counting.tell_reached([(contact.pk, before, score)], at=at)
