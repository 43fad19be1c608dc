"""Forms of several steps: each is sent on its own, checked, and kept, until the last one makes it a submission.

No script is needed, and nothing is kept in the browser: the address of a step holds a secret that leads to what was
answered so far. What was begun and not sent is kept for 30 days, makes nobody a contact, and joins no list.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from plainsail.kernel import due
from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.ids import new_id
from plainsail.pages.models import Form, Submission, Unfinished
from plainsail.pages.services import forms, submissions
from plainsail.pages.services.submissions import Visit

KEPT_FOR = timedelta(days=30)
FORGETTING = "pages.forget_unfinished"
AT_ONCE = 5000


@transaction.atomic
def begin(form: Form, values: Mapping[str, object], *, visit: Visit, at: datetime) -> str:
    """Keep the first step; returns the secret that leads on. Raises InvalidSubmission."""
    cleaned = forms.check(form, values, step=1)
    key = secrets.token_hex(16)
    Unfinished.objects.create(
        form=form,
        page=submissions.page_of(visit),
        key_hash=_hash(key),
        step=2,
        values=cleaned,
        path=visit.path[:500],
        campaign=dict(visit.campaign),
        begun_at=at,
        changed_at=at,
    )
    due.schedule(FORGETTING, at + KEPT_FOR)
    return key


def find(form: Form, key: str) -> Unfinished | None:
    """What was begun under this secret; None where it was sent since, or forgotten."""
    found: Unfinished | None = (
        Unfinished.objects.filter(form=form, key_hash=_hash(key)).select_related("form", "page").first()
    )
    return found


@transaction.atomic
def go_on(
    begun: Unfinished, values: Mapping[str, object], *, step: int, visit: Visit, at: datetime
) -> Submission | None:
    """Take one step in. After the last one the whole is accepted and returned; before, None. Raises InvalidSubmission.

    A step that was sent before may be sent again, changed. What an earlier step asks anew since the form was changed is
    said at the form as a whole.
    """
    locked: Unfinished = Unfinished.objects.select_for_update(of=("self",)).select_related("form").get(pk=begun.pk)
    form = locked.form
    step = min(step, locked.step, form.steps)
    locked.values = {**locked.values, **forms.check(form, values, step=step)}
    locked.step, locked.changed_at = max(locked.step, step + 1), at
    if step < form.steps:
        locked.save(update_fields=["values", "step", "changed_at"])
        return None
    whole = forms.check(form, locked.values)
    found = Visit(
        path=locked.path,
        page_id=locked.page_id,
        visitor_id=visit.visitor_id,
        seen_as=visit.seen_as,
        ip=visit.ip,
        user_agent=visit.user_agent,
        campaign=locked.campaign,
    )
    submission = submissions.accept(form, whole, landing_id=new_id(), visit=found, at=at)
    locked.delete()
    return submission


@due.runs(FORGETTING)
def forget(*, at: datetime) -> datetime | None:
    """Forget what nobody went on with for 30 days. Returns when the next one is due."""
    waiting = Unfinished.objects.order_by("changed_at", "id")
    gone: list[Any] = list(waiting.filter(changed_at__lte=at - KEPT_FOR).values_list("id", flat=True)[:AT_ONCE])
    Unfinished.objects.filter(id__in=gone).delete()
    following: datetime | None = waiting.values_list("changed_at", flat=True).first()
    return None if following is None else following + KEPT_FOR


def _hash(key: str) -> str:
    return keyed_hash("pages.unfinished", key)
