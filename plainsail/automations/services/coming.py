"""Whom the clock lets in: on a day of their own, every week, some hours after something did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.automations.models import Automation
from plainsail.automations.services import entering
from plainsail.automations.services.entering import CLOCK, Entry
from plainsail.automations.sockets import TRIGGERS, Coming
from plainsail.kernel import due
from plainsail.kernel.jobs import attempt
from plainsail.kernel.tenancy import outside_transaction, workspace

EVERY = timedelta(minutes=1)
SET = 5000


@due.runs(CLOCK)
@outside_transaction
def look(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Let in whom the clock lets into live automations since the last look; returns when to look again: None without any.

    What is killed on the way is found again: the causes of the same moment are the same.
    """
    with workspace(workspace_id):
        of_time = [key for key, trigger in TRIGGERS.items() if trigger.comes is not None]
        live = Automation.objects.filter(listens_to__in=of_time, state=Automation.State.LIVE)
        found = list(live.select_related("version", "workspace").order_by("id"))
    for automation in found:
        _look_for(automation, at=at)
    return at + EVERY if found else None


def _look_for(automation: Automation, *, at: datetime) -> None:
    """One automation; one that fails holds up no other, and is looked for again from the same moment."""
    since = automation.looked_at or at
    entries = _coming(automation, since=since, at=at)
    is_over = False
    while not is_over:
        with workspace(automation.workspace_id):
            told: list[Entry] = []
            if attempt(lambda some=told: some.extend(_some(entries)), what="automations.clock"):  # type: ignore[misc]  # a default binds it
                return
            if told:
                entering.enter_many(automation, told, at=at)
            else:
                is_over = True
                Automation.objects.filter(id=automation.id, looked_at=automation.looked_at).update(looked_at=at)


def _some(entries: Iterator[list[Entry]]) -> list[Entry]:
    return next(entries, [])


def _coming(automation: Automation, *, since: datetime, at: datetime) -> Iterator[list[Entry]]:
    """Those who come, SET at a time by their ids; each set is read in the transaction that asks for it."""
    assert automation.version is not None, "only live automations let people in"
    trigger = automation.version.document["trigger"]
    comes = TRIGGERS[trigger["kind"]].comes
    assert comes is not None, "asked for triggers of time only"
    alone: list[Entry] = []
    for coming in comes(automation.workspace, trigger["config"], since, at):
        if isinstance(coming, Coming):
            yield from _people(coming)
            continue
        alone.append(Entry(coming.contact_id, coming.at, entering.digest(coming.cause)))
        if len(alone) == SET:
            yield alone
            alone = []
    if alone:
        yield alone


def _people(coming: Coming) -> Iterator[list[Entry]]:
    alive = coming.people.filter(deleted_at=None).order_by("id")
    after: UUID | None = None
    while True:
        rows = alive if after is None else alive.filter(id__gt=after)
        ids = list(rows.values_list("id", flat=True)[:SET])
        if ids:
            yield [Entry(one, coming.at, entering.digest(coming.cause)) for one in ids]
        if len(ids) < SET:
            return
        after = ids[-1]
