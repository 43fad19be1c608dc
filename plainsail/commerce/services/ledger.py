"""Entries in the books. What is entered once stays: mistakes are mended by another entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from plainsail.commerce.models import JournalEntry, LedgerAccount, Posting
from plainsail.kernel.money import Money

Kind = LedgerAccount.Kind


class Unbalanced(ValueError):
    """The postings of an entry don't sum to zero in each currency: a mistake in the program."""


@dataclass(frozen=True)
class Posted:
    """An amount on an account; debits are positive, credits negative."""

    kind: Kind
    subject: str
    amount: Money


def debit(kind: Kind, amount: Money, subject: object = "") -> Posted:
    return Posted(kind, str(subject), amount)


def credit(kind: Kind, amount: Money, subject: object = "") -> Posted:
    return Posted(kind, str(subject), -amount)


@dataclass(frozen=True)
class Fact:
    """What is entered once for its source."""

    source_type: str
    source_id: UUID
    postings: Sequence[Posted]
    memo: str = ""


@transaction.atomic
def post(
    source_type: str, source_id: UUID, *, postings: Sequence[Posted], at: datetime, memo: str = ""
) -> JournalEntry | None:
    """Enter a fact, once for its source; None where it is in the books already. Zero amounts are left out.

    Raises Unbalanced.
    """
    made = post_all([Fact(source_type, source_id, postings, memo)], at=at)
    return made[0] if made else None


@transaction.atomic
def post_all(facts: Sequence[Fact], *, at: datetime) -> list[JournalEntry]:
    """Enter facts of different sources; returns the entries of those that weren't in the books already. Raises Unbalanced.

    Five statements, however many there are.
    """
    for fact in facts:
        _balanced(fact.postings)
    wanted = [
        (
            JournalEntry(
                source_type=fact.source_type, source_id=fact.source_id, at=at, created_at=at, memo=fact.memo[:200]
            ),
            fact,
        )
        for fact in facts
    ]
    JournalEntry.objects.bulk_create([entry for entry, _fact in wanted], ignore_conflicts=True)
    made = set(JournalEntry.objects.filter(id__in=[entry.id for entry, _fact in wanted]).values_list("id", flat=True))
    entered = [(entry, fact) for entry, fact in wanted if entry.id in made]
    amounts = [(entry, posted) for entry, fact in entered for posted in fact.postings if posted.amount]
    accounts = _accounts([posted for _entry, posted in amounts], at=at)
    Posting.objects.bulk_create(
        Posting(
            entry=entry,
            account=accounts[posted.kind, posted.subject, posted.amount.currency],
            amount_minor=posted.amount.minor,
            currency=posted.amount.currency,
            created_at=at,
        )
        for entry, posted in amounts
    )
    return [entry for entry, _fact in entered]


def is_entered(source_type: str, source_id: UUID) -> bool:
    """Whether a source's fact is in the books."""
    return bool(JournalEntry.objects.filter(source_type=source_type, source_id=source_id).exists())


def _balanced(postings: Sequence[Posted]) -> None:
    for currency in {posted.amount.currency for posted in postings}:
        if sum(posted.amount.minor for posted in postings if posted.amount.currency == currency):
            raise Unbalanced(currency)


def _accounts(postings: Sequence[Posted], *, at: datetime) -> dict[tuple[str, str, str], LedgerAccount]:
    wanted = {(posted.kind, posted.subject, posted.amount.currency) for posted in postings}
    if not wanted:
        return {}
    LedgerAccount.objects.bulk_create(
        [
            LedgerAccount(kind=kind, subject=subject, currency=currency, created_at=at)
            for kind, subject, currency in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    found = LedgerAccount.objects.filter(
        kind__in={kind for kind, _subject, _currency in wanted}, subject__in={subject for _kind, subject, _c in wanted}
    )
    return {(account.kind, account.subject, account.currency): account for account in found}
