"""Who gets in: an event that matches a live automation's trigger, or the clock, under the automation's entry rule.

Always in sets: one INSERT for everybody whom a set of events lets into an automation. The unique keys of runs say who is in
it already, or was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F

from plainsail.automations.events import AutomationEntered
from plainsail.automations.models import Automation, Run
from plainsail.automations.services import flows
from plainsail.automations.sockets import TRIGGERS, Trigger
from plainsail.contacts.models import Contact
from plainsail.contacts.services.setwise import ids as array
from plainsail.kernel import due
from plainsail.kernel.events import Event, publish_selected
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id

logger = logging.getLogger("plainsail.automations")

RUNS = "automations.runs"
LOOKS = "automations.looks"
CLOCK = "automations.clock"
MOST_ENTRIES_A_DAY = 20
"""How often one person may enter one automation within a day: an automation that feeds itself ends here."""

# Of a flood for one contact each counts with those before it. Whom the unique keys refuse was in it before, or still is.
ENTER = """
WITH told AS MATERIALIZED (
  SELECT DISTINCT ON (t.contact_id, t.cause) t.contact_id, t.at, t.cause
  FROM unnest(%(contacts)s::uuid[], %(times)s::timestamptz[], %(causes)s::text[]) AS t (contact_id, at, cause)
  ORDER BY t.contact_id, t.cause, t.at
), counted AS MATERIALIZED (
  SELECT t.*, row_number() OVER (PARTITION BY t.contact_id ORDER BY t.at, t.cause)
    + (SELECT count(*) FROM automations_run r WHERE r.workspace_id = %(workspace)s AND r.automation_id = %(automation)s
       AND r.contact_id = t.contact_id AND r.entered_at > t.at - interval '1 day') AS times
  FROM told t JOIN contacts_contact c ON c.workspace_id = %(workspace)s AND c.id = t.contact_id AND c.deleted_at IS NULL
), entered AS (
  INSERT INTO automations_run (id, created_at, workspace_id, automation_id, version_id, contact_id, entry, is_exclusive, state,
    step, is_in_wait, due_at, entered_at, failures, error, round, steps_that_day)
  SELECT {ids}, t.at, %(workspace)s, %(automation)s, %(version)s, t.contact_id,
    CASE WHEN %(policy)s = 'once' THEN 'once' ELSE t.cause END, %(policy)s <> 'every', 'waiting', %(step)s, false, %(at)s, t.at,
    0, '', 1, 0
  FROM (SELECT * FROM counted WHERE times <= %(most)s ORDER BY contact_id, at, cause) t
  WHERE %(policy)s <> 'again' OR NOT EXISTS (
    SELECT 1 FROM automations_run r WHERE r.workspace_id = %(workspace)s AND r.automation_id = %(automation)s
    AND r.contact_id = t.contact_id AND r.entered_at > t.at - %(pause)s * interval '1 day')
  ON CONFLICT DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM counted WHERE times > %(most)s), ARRAY(SELECT id FROM entered)
"""


class Entry(NamedTuple):
    """Somebody who comes, when, and because of what: the same cause lets in once."""

    contact_id: UUID
    at: datetime
    cause: str


def hear(key: str, told: Sequence[Event]) -> None:
    """Things happened that a trigger listens to: let their contacts into every live automation that they match.

    What happened before an automation first went live is past, also where it is heard only afterwards. Automations are
    found by what they wait for, so that a thousand of them cost an event no more than one.
    """
    trigger = TRIGGERS[key]
    about = [(event, frozenset(trigger.about(event))) for event in told if event.contact_id is not None]
    for automation, since in _listening(key, {"", *(value for _event, values in about for value in values)}):
        if let_in := _let_in(trigger, automation, about, since):
            enter_many(automation, let_in, at=max(each.at for each in let_in))


def is_listening(key: str) -> bool:
    """Whether an automation waits for a trigger, or will once it goes on. What was told before one goes live is past for it."""
    states = [Automation.State.LIVE, Automation.State.PAUSED]
    return bool(Automation.objects.filter(listens_to=key, state__in=states).exists())


def _listening(key: str, values: Collection[str]) -> list[tuple[Automation, datetime]]:
    """Live automations that wait for one of these values, or look at each event themselves, and when they first went live."""
    live = Automation.objects.filter(listens_to=key, listens_for__in=values, state=Automation.State.LIVE)
    first = live.filter(versions__number=1).annotate(since=F("versions__published_at")).select_related("version")
    return [(one, one.since) for one in first.order_by("id")]


def _let_in(
    trigger: Trigger, automation: Automation, about: Sequence[tuple[Event, frozenset[str]]], since: datetime
) -> list[Entry]:
    assert automation.version is not None, "only live automations let people in"
    config = automation.version.document["trigger"]["config"]
    wanted = trigger.wants(config)
    found = [
        event
        for event, values in about
        if (not wanted or wanted in values) and event.at >= since and trigger.matches(event, config)
    ]
    chosen = trigger.choose(found, config) if found else ()
    return [Entry(event.contact_id, event.at, fingerprint(event)) for event in chosen]


def enter(automation: Automation, contact: Contact, *, at: datetime, cause: str) -> Run | None:
    """Let a contact begin, unless the entry rule says no. `cause` makes entering idempotent for one event.

    None where nobody entered: they were in it before, or still are.
    """
    made = enter_many(automation, [Entry(contact.id, at, cause)], at=at)
    found: Run | None = Run.objects.filter(id__in=made).first() if made else None
    return found


def enter_many(automation: Automation, entries: Sequence[Entry], *, at: datetime) -> list[UUID]:
    """Let contacts begin, unless the entry rule says no; returns the ids of their runs. Two statements, whatever their number.

    Who was deleted stays outside; who would enter for the twenty-first time in a day, too.
    """
    version = automation.version
    assert version is not None, "only live automations let people in"
    if not entries:
        return []
    entry = version.document["entry"]
    with connection.cursor() as cursor:
        cursor.execute(
            ENTER.format(ids=in_a_row()),
            {
                "workspace": current_workspace_id(),
                "automation": automation.id,
                "version": version.id,
                "step": flows.first(version.document["steps"]),
                "policy": entry["policy"],
                "pause": int(entry.get("days") or 0),
                "most": MOST_ENTRIES_A_DAY,
                "at": at,
                "contacts": array(each.contact_id for each in entries),
                "times": [each.at for each in entries],
                "causes": [each.cause for each in entries],
            },
        )
        ((refused, made),) = cursor.fetchall()
    if refused:
        logger.warning(
            "entered too often in a day, let in no more", extra={"automation": str(automation.id), "entries": refused}
        )
    if made:
        _tell(made, is_asking=version.is_asking, at=at)
    return list(made)


def _tell(made: Sequence[UUID], *, is_asking: bool, at: datetime) -> None:
    """Tell who entered, and have the first step taken right after the commit."""
    publish_selected(
        AutomationEntered,
        "SELECT contact_id, jsonb_build_object('automation_id', automation_id, 'run_id', id), entered_at FROM automations_run "
        "WHERE workspace_id = %(event_workspace)s AND id = ANY(%(ids)s::uuid[])",
        {"ids": array(made)},
        at=at,
        heard=True,
        moment="found.entered_at",
    )
    due.schedule(RUNS, at)
    due.hurry(RUNS)
    if is_asking:
        due.schedule(LOOKS, at)


def fingerprint(event: Event) -> str:
    """The same for the same event, told again or not."""
    facts = sorted((field.name, str(getattr(event, field.name))) for field in dataclasses.fields(event))
    return digest(f"{event.name}{facts}")


def digest(text: str) -> str:
    """A text as a cause: short, and the same for the same."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
