"""Doing what a program asks once, however often it asks: its answer is kept for a day under the key that it chose.

The claim is a row with a unique key. In one transaction with the work it is kept exactly when the work is done, and a
second request waits for the first. Work outside a transaction is claimed first; a second request is told to wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import ApiKey
from plainsail.api.models import KeptAnswer
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id

KEPT_FOR = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(minutes=15)
"""Work outside a transaction that has no answer by then was broken off."""
OLD = "api.answers"


class AnotherRequest(Refusal):
    """The key was used for something else."""

    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was used for another request. Choose a new one for each thing to be done.")
    status = 422


class StillWorking(Refusal):
    """The first request with this key isn't answered yet."""

    code = "still_working"
    message = _("The first request with this Idempotency-Key is still being worked on. Ask again in a moment.")
    status = 409


def claim(key: ApiKey, *, name: str, fingerprint: str, at: datetime) -> tuple[KeptAnswer, bool]:
    """The row under which the answer will be kept, and whether it is new: else it holds the answer. In the workspace.

    Waits for another transaction that claimed the same. Raises AnotherRequest, StillWorking.
    """
    KeptAnswer.objects.filter(key=key, name=name, asked_at__lte=at - KEPT_FOR).delete()
    KeptAnswer.objects.filter(key=key, name=name, status=None, asked_at__lte=at - GIVEN_UP_AFTER).delete()
    made = KeptAnswer(id=new_id(), key=key, name=name, fingerprint=fingerprint, asked_at=at)
    KeptAnswer.objects.bulk_create([made], ignore_conflicts=True)
    standing: KeptAnswer = KeptAnswer.objects.get(key=key, name=name)
    if standing.id == made.id:
        due.schedule(OLD, at + KEPT_FOR)
        return standing, True
    if standing.fingerprint != fingerprint:
        raise AnotherRequest
    if standing.status is None:
        raise StillWorking
    return standing, False


def keep(answer_id: UUID, *, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Keep what was answered, in the workspace."""
    KeptAnswer.objects.filter(id=answer_id).update(status=status, headers=dict(headers), content=content)


def let_go(answer_id: UUID) -> None:
    """Nothing was done: the key may be used again. In the workspace."""
    KeptAnswer.objects.filter(id=answer_id).delete()


@due.runs(OLD)
def forget(*, at: datetime) -> datetime | None:
    """Answers older than a day are let go of; says when the next ones are. Two statements."""
    KeptAnswer.objects.filter(asked_at__lte=at - KEPT_FOR).delete()
    oldest = KeptAnswer.objects.order_by("asked_at").values_list("asked_at", flat=True).first()
    return oldest + KEPT_FOR if oldest else None
