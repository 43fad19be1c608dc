"""An announcement that no mail carries: somebody told the customer by letter or by phone, and says how and when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.services import clocks
from plainsail.kernel.errors import Refusal
from plainsail.kernel.periods import local_date, local_moment
from plainsail.subscriptions.models import Notice, Subscription
from plainsail.subscriptions.services import announcing, noticing

LAST_MINUTE = time(23, 59)
"""At which time of a day somebody was told who knows only the day: no charge comes too early by it."""


class NothingToTell(Refusal):
    """The letter has left meanwhile, or no charge waits for it any more."""

    code = "nothing_to_tell"
    message = _("This notice isn’t waited for any more.")


class NotThen(Refusal):
    """A day to come, or one so long ago that the law wouldn't count it."""

    code = "not_then"
    message = _("Please give the day on which the customer was told: between the day the notice fell due and today.")


@transaction.atomic
def told_otherwise(
    subscription: Subscription, notice_id: UUID, *, how: str, on: date, by: User, at: datetime
) -> Notice:
    """Count an announcement as made on a local day; its charge follows when the lead is over. Kept with who, how and when.

    `at` is the seller's time. Raises NothingToTell, NotThen.
    """
    Subscription.objects.select_for_update().get(pk=subscription.pk)
    notice: Notice | None = noticing.waiting(subscription).select_for_update(of=("self",)).filter(id=notice_id).first()
    if notice is None:
        raise NothingToTell
    zone = subscription.timezone
    due_on = notice.about_on - timedelta(days=announcing.DAYS_BEFORE[cast(announcing.Kind, notice.kind)])
    if not due_on <= on <= local_date(at, zone):
        raise NotThen(field="on")
    notice.told_how, notice.told_by, notice.told_at = how, by.email, at
    noticing.count_as_told(notice, sent_at=min(at, local_moment(on, LAST_MINUTE, zone)))
    audit.record(
        "subscriptions.told_otherwise",
        by=by,
        at=clocks.wall(at),
        subject=subscription.reference,
        subject_id=subscription.id,
        details={"notice": notice.kind, "about": notice.about_on.isoformat(), "on": on.isoformat(), "how": how},
    )
    return notice
