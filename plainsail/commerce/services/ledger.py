"""Entries in the books. What is entered once stays: mistakes are mended by another entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

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


@transaction.atomic
def post(
    source_type: str, source_id: UUID, *, postings: Sequence[Posted], at: datetime, memo: str = ""
) -> JournalEntry | None:
    """Enter a fact, once for its source; None where it is in the books already. Zero amounts are left out.

    Raises Unbalanced.
    """
    _balanced(postings)
    entry = JournalEntry(source_type=source_type, source_id=source_id, at=at, created_at=at, memo=memo[:200])
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError as error:
        if "journal_entry_source" not in str(error):
            raise
        return None
    amounts = [posted for posted in postings if posted.amount]
    accounts = _accounts(amounts, at=at)
    Posting.objects.bulk_create(
        Posting(
            entry=entry,
            account=accounts[posted.kind, posted.subject, posted.amount.currency],
            amount_minor=posted.amount.minor,
            currency=posted.amount.currency,
            created_at=at,
        )
        for posted in amounts
    )
    return entry


def _balanced(postings: Sequence[Posted]) -> None:
    for currency in {posted.amount.currency for posted in postings}:
        if sum(posted.amount.minor for posted in postings if posted.amount.currency == currency):
            raise Unbalanced(currency)


def _accounts(postings: Sequence[Posted], *, at: datetime) -> dict[tuple[str, str, str], LedgerAccount]:
    wanted = {(posted.kind, posted.subject, posted.amount.currency) for posted in postings}
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
