"""What was kept of an erased business goes on its day, and at last the proof that it was erased."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from plainsail.hosting.models import Closure, ClosureFact, KeptRecord
from plainsail.hosting.services import closing
from plainsail.kernel import due


@due.runs(closing.KEPT, also_when_closed=True)
def vanish(*, at: datetime) -> datetime | None:
    """Delete what may be kept no longer; returns when the next thing is due. Two statements and two index look-ups."""
    KeptRecord.objects.filter(kept_until__lte=at).delete()
    done = Closure.objects.filter(state=Closure.State.ERASED, proof_until__lte=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plainsail.erasing', 'on', true)")
    ClosureFact.objects.filter(closure__in=done).delete()
    done.delete()
    moments = [
        KeptRecord.objects.order_by("kept_until").values_list("kept_until", flat=True).first(),
        Closure.objects.filter(state=Closure.State.ERASED)
        .order_by("proof_until")
        .values_list("proof_until", flat=True)
        .first(),
    ]
    return min((moment for moment in moments if moment is not None), default=None)
