"""Testing variants: some of the audience get A to E, the rest get the one that did best, by a rule said beforehand.

Each variant is a broadcast of its own, to a slice of the audience that no other one has; so subject, words, sender and time
may differ, and each has its own books. The main broadcast waits, decides, and goes to everybody who is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.errors import Refusal
from plainsail.mail.models import Broadcast, Sale, Sender
from plainsail.mail.services import audience, deciding, editing, emails
from plainsail.mail.services.deciding import Decision, Result

LETTERS = "ABCDE"
State = Broadcast.State


class TooManyVariants(Refusal):
    """Five at most: with more, each gets too few people to tell anything."""

    code = "too_many_variants"
    message = _("Five variants at most: with more of them each gets too few people to tell anything.")


class NotTestable(Refusal):
    """A test needs two variants or more."""

    code = "not_testable"
    message = _("A test needs two variants or more. Add one, or switch the test off.")
    status = 422


@transaction.atomic
def set_up(broadcast: Broadcast, *, share: int, decided_by: str, decide_after: int, at: datetime) -> Broadcast:
    """Test variants on a share of the audience (percent); 0 switches the test off and throws the variants away.

    The first time it makes A, which says what the mail says, and B, a copy to be changed.
    """
    main: Broadcast = Broadcast.objects.select_for_update(of=("self",)).select_related("email").get(id=broadcast.id)
    _refuse_unless_draft(main)
    main.test_share, main.decided_by, main.decide_after, main.edited_at = share, decided_by, decide_after, at
    main.save(update_fields=["test_share", "decided_by", "decide_after", "edited_at"])
    if not share:
        for each in main.variants.all():
            _delete(each)
    elif not main.variants.exists():
        for letter in LETTERS[:2]:
            _add(main, letter, at=at)
    _cut(main)
    return main


@transaction.atomic
def add(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """One variant more, a copy of the mail. Raises TooManyVariants."""
    _refuse_unless_draft(broadcast)
    taken = set(broadcast.variants.values_list("letter", flat=True))
    letter = next((each for each in LETTERS if each not in taken), None)
    if letter is None:
        raise TooManyVariants
    made = _add(broadcast, letter, at=at)
    _cut(broadcast)
    return made


@transaction.atomic
def change(variant: Broadcast, *, subject: str, sender: Sender, hours_later: int, at: datetime) -> None:
    """What differs beside the words: subject, who writes, how long after the first one. Raises UnknownField."""
    _refuse_unless_draft(variant)
    editing.head(variant.email, subject=subject, preheader=variant.email.preheader, at=at)
    variant.sender, variant.hours_later, variant.edited_at = sender, hours_later, at
    variant.save(update_fields=["sender", "hours_later", "edited_at"])


@transaction.atomic
def remove(variant: Broadcast) -> None:
    """Without this variant."""
    _refuse_unless_draft(variant)
    main = variant.test_of
    assert main is not None, "a variant"
    _delete(variant)
    _cut(main)


def listed(broadcast: Broadcast) -> list[Broadcast]:
    """A test's variants, A first."""
    return list(broadcast.variants.select_related("email", "sender", "edition").order_by("letter"))


def held(main: Broadcast) -> QuerySet[Broadcast]:
    """Variants that should have left, and of which nothing was written down."""
    found: QuerySet[Broadcast] = main.variants.filter(state=State.PAUSED, prepared_at=None, audience=0)
    return found


def left(main: Broadcast) -> QuerySet[Broadcast]:
    """Variants that began to leave."""
    return main.variants.filter(started_at__isnull=False).exclude(id__in=held(main).values("id"))


@transaction.atomic
def release(main: Broadcast, *, state: Broadcast.State, first_at: datetime, at: datetime) -> list[Broadcast]:
    """Let the variants leave, in the transaction that releases the main broadcast. Raises NotTestable.

    They go to whom the main one would go to, each to a slice.
    """
    found = listed(main)
    if len(found) < 2:
        raise NotTestable
    for each in found:
        each.list, each.segment = main.list, main.segment
        each.edition = emails.freeze(each.email)
        each.state, each.scheduled_at, each.edited_at = state, first_at + timedelta(hours=each.hours_later), at
        each.save(update_fields=["list", "segment", "edition", "state", "scheduled_at", "edited_at"])
    return found


def decided_at(main: Broadcast, leaving: Sequence[Broadcast]) -> datetime:
    """When the winner is found and the rest leaves: so many hours after the last variant."""
    return max(each.scheduled_at for each in leaving if each.scheduled_at) + timedelta(hours=main.decide_after)


def take_back(main: Broadcast, *, at: datetime) -> None:
    """Variants that have not left become drafts again, with their main broadcast."""
    waiting = main.variants.filter(Q(state__in=(State.SCHEDULED, State.HOLDING)) | Q(id__in=held(main).values("id")))
    waiting.update(state=State.DRAFT, scheduled_at=None, started_at=None, edition=None, edited_at=at)


def decide(main: Broadcast, *, at: datetime) -> Decision:
    """Find the winner by what readers did until now, and give the rest its words and sender. Counters and sales only."""
    found = listed(main)
    results = results_of(main, found)
    decision = deciding.decide(results)
    winner = next(each for each in found if each.letter == decision.letter)
    main.edition, main.sender = winner.edition, winner.sender
    main.decision = {
        "letter": decision.letter,
        "rule": decision.rule,
        "at": at.isoformat(),
        "rows": [_row(each, decision) for each in results],
    }
    main.save(update_fields=["edition", "sender", "decision"])
    return decision


def results_of(main: Broadcast, found: Sequence[Broadcast]) -> list[Result]:
    """How far each variant came."""
    if main.decided_by == Broadcast.DecidedBy.CLICKS:
        return [Result(each.letter, each.accepted, each.clicked) for each in found]
    return [Result(each.letter, each.accepted, _buyers(each.id)) for each in found]


def sizes(main: Broadcast, *, at: datetime) -> dict[str, int]:
    """How many people each variant goes to now, by its letter, and the rest under an empty one. A count for each."""
    if main.list is None:
        return {}
    people = audience.people(main.list, main.segment, at=at)
    start = main.test_share * audience.PER_PERCENT
    found = {
        each.letter: audience.in_slice(people, main.id, each.slice_from, each.slice_to).count() for each in listed(main)
    }
    return found | {"": audience.in_slice(people, main.id, start, audience.WHOLE).count()}


def said(rule: str, letter: str, chance: float) -> str:
    """The rule that decided, in a sentence. `chance` is the winner's, from 0 to 1."""
    words = {"letter": letter, "chance": f"{min(100 * chance, 99):.0f}"}
    if rule == "sure":
        return (
            _text("%(letter)s won: the chance that it is the best is %(chance)s in 100 or more, and 95 were asked for.")
            % words
        )
    if rule == "leading":
        return _text("No chance was above 95 in 100. %(letter)s had the highest share, so it went to the rest.") % words
    if rule == "tie":
        return _text("Variants were level. %(letter)s comes first among them, so it went to the rest.") % words
    return _text("Nobody had done anything by then. %(letter)s comes first, so it went to the rest.") % words


def _buyers(source_id: UUID) -> int:
    sales = Sale.objects.filter(source_id=source_id, minor__gt=0)  # none whose money all went back
    return int(sales.values("delivery_id").distinct().count())


def _row(result: Result, decision: Decision) -> dict[str, object]:
    low, high = deciding.interval(result)
    return {
        "letter": result.letter,
        "sent": result.sent,
        "people": result.people,
        "chance": round(decision.chances[result.letter], 4),
        "low": round(low, 5),
        "high": round(high, 5),
    }


def _add(main: Broadcast, letter: str, *, at: datetime) -> Broadcast:
    made: Broadcast = Broadcast.objects.create(
        email=emails.copy(main.email, at=at),
        list=main.list,
        segment=main.segment,
        sender=main.sender,
        test_of=main,
        letter=letter,
        edited_at=at,
    )
    return made


def _delete(variant: Broadcast) -> None:
    email = variant.email
    variant.delete()
    email.delete()


def _cut(main: Broadcast) -> None:
    """Share the tested part of the audience out among the variants, evenly."""
    found = list(main.variants.order_by("letter"))
    whole = main.test_share * audience.PER_PERCENT
    for place, each in enumerate(found):
        each.slice_from, each.slice_to = whole * place // len(found), whole * (place + 1) // len(found)
        each.save(update_fields=["slice_from", "slice_to"])


def _refuse_unless_draft(broadcast: Broadcast) -> None:
    if not broadcast.is_draft:
        raise emails.OnItsWay
