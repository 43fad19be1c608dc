"""Something happened: told once, in the transaction of the change, to everyone who listens.

`publish` writes the event and one pending row per subscriber; one coarse job per subscriber and workspace hears them in
batches. An event whose handler fails is retried alone, then parked where people can see it. Who has one thing to do for
many events listens with `on_sets`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any, ClassVar, TypeVar, get_type_hints
from uuid import UUID

from django.db import connection, transaction

from plainsail.kernel import clock, due
from plainsail.kernel.ids import in_a_row, new_id
from plainsail.kernel.jobs import attempt, every, job
from plainsail.kernel.models import EventRow, PendingEvent
from plainsail.kernel.tenancy import current_workspace_id, for_each_workspace, outside_transaction, workspace

BATCH = 200
SET = 5000
"""Events that a subscriber to sets hears at once."""
MAX_ATTEMPTS = 8
RETRIES = "kernel.events"

E = TypeVar("E", bound="Event")
Handler = Callable[[Any], None]
SetHandler = Callable[[Sequence[Any]], None]
Wanting = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. A subclass is a frozen dataclass with a `name` fixed for ever and a sentence of its own."""

    name: ClassVar[str] = ""
    at: datetime
    contact_id: UUID | None = None


class Unnamed(Exception):
    """An event class without a name, or two with one."""


@dataclass(frozen=True)
class Subscription:
    """Who listens to which event under which lasting name."""

    subscriber: str
    event: type[Event]
    handler: Handler
    hears_sets: bool = False
    """The handler takes a list of events."""
    is_wanted: Wanting | None = None
    """Says, where somebody tells of it in a business, whether the subscriber has a use for it there; always, if there is none."""


_subscriptions: dict[str, list[Subscription]] = {}
_by_subscriber: dict[str, list[Subscription]] = {}


def on(event: type[E], *, subscriber: str) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Listen to an event, under a name fixed for ever. The handler runs in the worker, in the workspace; it is idempotent."""
    if not event.name:
        raise Unnamed(event.__name__)

    def decorate(handler: Callable[[E], None]) -> Callable[[E], None]:
        subscription = Subscription(subscriber, event, handler)
        _subscriptions.setdefault(event.name, []).append(subscription)
        _by_subscriber.setdefault(subscriber, []).append(subscription)
        return handler

    return decorate


def on_sets(
    event: type[E], *, subscriber: str, is_wanted: Wanting | None = None
) -> Callable[[Callable[[Sequence[E]], None]], Callable[[Sequence[E]], None]]:
    """Listen to an event, many at once: the handler gets up to SET of them, oldest first, in one savepoint; it is idempotent.

    A set that fails is halved until what fails stands alone. A subscriber to sets listens to one event, and only so. Where
    `is_wanted` says no in the transaction that tells of an event, it never hears of it: nothing is kept for it.
    """
    if not event.name:
        raise Unnamed(event.__name__)

    def decorate(handler: Callable[[Sequence[E]], None]) -> Callable[[Sequence[E]], None]:
        subscription = Subscription(subscriber, event, handler, hears_sets=True, is_wanted=is_wanted)
        _subscriptions.setdefault(event.name, []).append(subscription)
        _by_subscriber.setdefault(subscriber, []).append(subscription)
        return handler

    return decorate


def listeners(name: str) -> list[Subscription]:
    """Everyone who listens to events of this name."""
    return _subscriptions.get(name, [])


def _hearing(name: str) -> list[str]:
    """Subscribers that have to hear of an event of this name in the open workspace."""
    return sorted({one.subscriber for one in listeners(name) if one.is_wanted is None or one.is_wanted()})


def subscribers() -> list[str]:
    return sorted(_by_subscriber)


def publish(event: Event) -> None:
    """Tell what happened, all or nothing with the transaction around it. Raises WorkspaceRequired outside a workspace."""
    publish_many([event])


def publish_many(events: Iterable[Event]) -> None:
    """Tell a set of things that happened with one INSERT for the events and one for who must hear them."""
    told = [(event, _row(event)) for event in events]
    if not told:
        return
    EventRow.objects.bulk_create([row for _event, row in told], batch_size=5000)
    now, hearing = clock.now(), {name: _hearing(name) for name in {row.name for _event, row in told}}
    pending = [
        # A seller's test clock may run ahead: what it tells is heard now all the same.
        PendingEvent(event_id=row.id, subscriber=subscriber, due_at=min(row.at, now))
        for _event, row in told
        for subscriber in hearing[row.name]
    ]
    PendingEvent.objects.bulk_create(pending, batch_size=5000)
    for subscriber in {row.subscriber for row in pending}:
        _wake_on_commit(Wake(current_workspace_id(), subscriber))


def publish_selected(
    event: type[Event],
    query: str,
    parameters: Mapping[str, Any],
    *,
    at: datetime,
    heard: bool,
    moment: str = "%(event_at)s",
    ids: str = "",
) -> int:
    """Tell what a query finds, by itself: for sets too large to be made into objects. Returns how many.

    The query selects a contact's id and the payload as JSON of each; `moment` is SQL for when it happened, such as
    `found.at` for a third column, where that was not `at` for all of them. `ids` is SQL for ids of the events, such as
    `found.contact_id` where this is told of a contact only once; else new ones are made. Where it is not to be `heard` it is
    written down for the timeline, and no subscriber is told. Raises WorkspaceRequired outside a workspace.
    """
    workspace_id = current_workspace_id()
    listening = _hearing(event.name) if heard else []
    own: dict[str, Any] = {
        "event_workspace": workspace_id,
        "event_name": event.name,
        "event_at": at,
        "event_now": min(at, clock.now()),
    }
    told = (
        "INSERT INTO kernel_eventrow (id, created_at, workspace_id, name, contact_id, at, payload) "
        f"SELECT {ids or in_a_row()}, %(event_at)s, %(event_workspace)s, %(event_name)s, found.contact_id, {moment}, "
        f"found.payload FROM ({query}) found (contact_id, payload)"
    )
    with connection.cursor() as cursor:
        if not listening:
            cursor.execute(told, {**parameters, **own})
            return int(cursor.rowcount)
        cursor.execute(
            f"WITH told AS ({told} RETURNING id), "
            "pending AS (INSERT INTO kernel_pendingevent "
            "(id, created_at, workspace_id, event_id, subscriber, attempts, due_at, error) "
            f"SELECT {in_a_row()}, %(event_at)s, %(event_workspace)s, told.id, subscriber, 0, %(event_now)s, '' "
            "FROM told, unnest(%(event_listening)s::text[]) subscriber) SELECT count(*) FROM told",
            {**parameters, **own, "event_listening": listening},
        )
        ((number,),) = cursor.fetchall()
    for subscriber in listening if number else ():
        _wake_on_commit(Wake(workspace_id, subscriber))
    return int(number)


def _row(event: Event) -> EventRow:
    if not event.name:
        raise Unnamed(type(event).__name__)
    payload = {
        field.name: _plain(getattr(event, field.name))
        for field in dataclasses.fields(event)
        if field.name not in {"at", "contact_id"}
    }
    return EventRow(
        id=new_id(),
        workspace_id=current_workspace_id(),
        name=event.name,
        contact_id=event.contact_id,
        at=event.at,
        payload=payload,
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, date | datetime) else value


def rebuild(event: type[E], row: EventRow) -> E:
    """The event as it was told, from its row. Fields that the class no longer has are left out."""
    return _made(event, contact_id=row.contact_id, at=row.at, payload=row.payload)


def _made(event: type[E], *, contact_id: UUID | None, at: datetime, payload: Mapping[str, Any]) -> E:
    kinds: dict[str, str] = _field_kinds(event)  # type: ignore[arg-type]  # a class is hashable
    values = {name: _typed(kinds[name], value) for name, value in payload.items() if name in kinds}
    return event(at=at, contact_id=contact_id, **values)


@cache
def _field_kinds(event: type[Event]) -> dict[str, str]:
    hints = get_type_hints(event)
    return {field.name: str(hints[field.name]) for field in dataclasses.fields(event)}


def _typed(kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if "UUID" in kind:
        return UUID(value)
    if "datetime.datetime" in kind:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if "datetime.date" in kind else value


@dataclass(frozen=True)
class Wake:
    """After the commit: one waiting drain per subscriber and workspace, however many events were told."""

    workspace_id: UUID
    subscriber: str

    def __call__(self) -> None:
        drain.once(
            f"events:{self.subscriber}:{self.workspace_id}",
            workspace_id=self.workspace_id,
            subscriber=self.subscriber,
        )


def _wake_on_commit(wake: Wake) -> None:
    if not any(entry[1] == wake for entry in connection.run_on_commit):
        transaction.on_commit(wake)


@job("kernel.drain_events")
@outside_transaction
def drain(*, workspace_id: UUID, subscriber: str) -> None:
    """Let one subscriber hear everything that waits for it in a workspace, a batch a transaction."""
    most = SET if _of_sets(subscriber) else BATCH
    while hear_batch(workspace_id, subscriber, at=clock.now()) == most:
        pass


def hear_batch(workspace_id: UUID, subscriber: str, *, at: datetime) -> int:
    """Hear up to BATCH events, oldest first, each in a savepoint of its own; returns how many were tried.

    A subscriber to sets hears up to SET of them in one.
    """
    if subscription := _of_sets(subscriber):
        return _hear_set(workspace_id, subscription, at=at)
    with workspace(workspace_id):
        waiting = list(
            PendingEvent.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(subscriber=subscriber, due_at__lte=at, parked_at=None)
            .select_related("event")
            .order_by("due_at", "id")[:BATCH]
        )
        heard = [row.pk for row in waiting if _hear(row, at=at)]
        PendingEvent.objects.filter(pk__in=heard).delete()
    return len(waiting)


def _hear(row: PendingEvent, *, at: datetime) -> bool:
    matching = [entry for entry in _by_subscriber.get(row.subscriber, []) if entry.event.name == row.event.name]
    for subscription in matching:
        event = rebuild(subscription.event, row.event)
        if error := attempt(partial(subscription.handler, event), what=row.subscriber):
            _postpone(row, error, at=at)
            return False
    return True


def _of_sets(subscriber: str) -> Subscription | None:
    return next((entry for entry in _by_subscriber.get(subscriber, ()) if entry.hears_sets), None)


def _hear_set(workspace_id: UUID, subscription: Subscription, *, at: datetime) -> int:
    """Read up to SET events without a row object for each, and let them be heard; returns how many were tried."""
    with workspace(workspace_id):
        waiting = list(
            PendingEvent.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(subscriber=subscription.subscriber, due_at__lte=at, parked_at=None)
            .order_by("due_at", "id")
            .values_list("id", "event__contact_id", "event__at", "event__payload")[:SET]
        )
        told = [
            (key, _made(subscription.event, contact_id=contact_id, at=when, payload=payload))
            for key, contact_id, when, payload in waiting
        ]
        heard = _hear_together(subscription, told, at=at)
        PendingEvent.objects.filter(pk__in=heard).delete()
    return len(waiting)


def _hear_together(subscription: Subscription, told: Sequence[tuple[UUID, Event]], *, at: datetime) -> list[UUID]:
    """Keys of those that were heard; who makes a set fail is found by halving it, and tried again later alone."""
    if not told:
        return []
    events = [event for _key, event in told]
    error = attempt(partial(subscription.handler, events), what=subscription.subscriber)
    if error is None:
        return [key for key, _event in told]
    if len(told) == 1:
        _postpone(PendingEvent.objects.get(pk=told[0][0]), error, at=at)
        return []
    middle = len(told) // 2
    return [
        *_hear_together(subscription, told[:middle], at=at),
        *_hear_together(subscription, told[middle:], at=at),
    ]


def _postpone(row: PendingEvent, error: str, *, at: datetime) -> None:
    row.attempts += 1
    row.error = error[:2000]
    row.due_at = at + timedelta(seconds=min(4**row.attempts, 6 * 3600))
    if row.attempts >= MAX_ATTEMPTS:
        row.parked_at = at
    else:
        due.schedule(RETRIES, row.due_at)
    row.save(update_fields=["attempts", "error", "due_at", "parked_at"])


@due.runs(RETRIES)
def hear_again(*, at: datetime) -> datetime | None:
    """Wake the subscribers that have something to try again; returns when the next retry is due."""
    waiting = PendingEvent.objects.filter(parked_at=None)
    for subscriber in waiting.filter(due_at__lte=at).order_by().values_list("subscriber", flat=True).distinct():
        _wake_on_commit(Wake(current_workspace_id(), subscriber))
    following: datetime | None = (
        waiting.filter(due_at__gt=at).order_by("due_at").values_list("due_at", flat=True).first()
    )
    return following


@job("kernel.sweep_events")
@outside_transaction
def sweep() -> None:
    """Wake what a crash between a commit and its wake-up left waiting."""
    at = clock.now()

    def wake() -> None:
        hear_again.function(at=at)

    for_each_workspace(wake, reason="events left waiting by a crash")


def retry_parked(pending: PendingEvent, *, at: datetime) -> None:
    """Give a parked event another round, after its cause was mended."""
    PendingEvent.objects.filter(pk=pending.pk).update(parked_at=None, attempts=0, due_at=at, error="")
    _wake_on_commit(Wake(current_workspace_id(), pending.subscriber))


every(sweep, minutes=5)
