"""Why nothing of a broadcast leaves right now, in words: a bar that stands still without a reason looks broken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.mail import queries
from plainsail.mail.models import Broadcast, Bucket, Delivery, Sender
from plainsail.mail.services.buckets import Limits

LOOKED_AT = 50
"""Messages, of those that wait longest: what was put off stands there."""


def reasons(broadcast: Broadcast, *, zone: str, at: datetime) -> list[str]:
    """Sentences; none while it moves, is paused, or waits for nothing. Some index lookups, whatever the audience."""
    sender = broadcast.sender
    is_moving = queries.pace_of(broadcast, at=at) is not None
    if broadcast.state != Broadcast.State.SENDING or is_moving or sender is None or sender.is_paused:
        return []
    waiting = Delivery.objects.filter(source_id=broadcast.id, state=Delivery.State.QUEUED)
    last = list(waiting.order_by("-due_at", "-id").values_list("due_at", "put_off_since", "reply")[:LOOKED_AT])
    if not last:
        return []
    if not queries.has_worker(at=at):
        return [_("The worker that sends mail is not running on this installation. Ask whoever operates it.")]
    found = list(_limit(sender, zone=zone, at=at))
    reply = next((reply for _due_at, since, reply in last if since is not None and reply), "")
    if reply:
        words = _(
            "A mail server put messages off or was out of reach; it is asked again for three days. It said: %(reply)s"
        )
        found.append(words % {"reply": reply})
    elif sender.carrier is not None and sender.carrier.trouble:
        found.append(
            _("The mail service took nothing the last time. It said: %(reply)s") % {"reply": sender.carrier.trouble}
        )
    if not found and not waiting.filter(due_at__lte=at).exists():
        due_at = waiting.order_by("due_at").values_list("due_at", flat=True)[0]
        found.append(_("The next messages leave at: %(when)s") % {"when": _moment(due_at, zone)})
    return found


def _limit(sender: Sender, *, zone: str, at: datetime) -> Iterator[str]:
    today = at.astimezone(UTC).date()
    most = Limits(most_a_day=sender.most_a_day, warms_up_since=sender.warms_up_since).most_on(today)
    bucket = Bucket.objects.filter(sender=sender, provider="", day=today).first()
    if most is not None and bucket is not None and bucket.used >= most:
        begins = datetime.combine(today + timedelta(days=1), time.min, UTC)
        words = _("The sender may write %(most)s messages today, and has. The others leave from %(when)s on.")
        yield words % {"most": f"{most:,}", "when": _moment(begins, zone)}


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')}"
