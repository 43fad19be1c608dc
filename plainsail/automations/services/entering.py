"""Who gets in: an event that matches a live automation's trigger, under its entry rule."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from plainsail.automations.events import AutomationEntered
from plainsail.automations.models import Automation, Run
from plainsail.automations.services import flows
from plainsail.automations.sockets import TRIGGERS
from plainsail.contacts.models import Contact
from plainsail.kernel import due
from plainsail.kernel.events import Event, publish

logger = logging.getLogger("plainsail.automations")

RUNS = "automations.runs"
MOST_ENTRIES_A_DAY = 20
"""How often one person may enter one automation within a day: an automation that feeds itself ends here."""


def hear(key: str, event: Event) -> None:
    """Something happened that a trigger listens to: let the contact into every live automation that it matches.

    What happened before an automation first went live is past, also where it is heard only afterwards.
    """
    if event.contact_id is None:
        return
    trigger = TRIGGERS[key]
    listening = Automation.objects.filter(
        listens_to=key, state=Automation.State.LIVE, versions__number=1, versions__published_at__lte=event.at
    ).select_related("version")
    for automation in listening.order_by("id"):
        if trigger.matches(event, automation.version.document["trigger"]["config"]):
            contact = Contact.objects.filter(id=event.contact_id, deleted_at=None).first()
            if contact is not None:
                enter(automation, contact, at=event.at, cause=fingerprint(event))


def enter(automation: Automation, contact: Contact, *, at: datetime, cause: str) -> Run | None:
    """Let a contact begin, unless the entry rule says no. `cause` makes entering idempotent for one event.

    None where nobody entered: they were in it before, or still are.
    """
    version = automation.version
    assert version is not None, "only live automations let people in"
    entry = version.document["entry"]
    earlier = Run.objects.filter(automation=automation, contact=contact)
    if _is_too_soon(entry, earlier, at=at) or _is_a_loop(automation, earlier, at=at):
        return None
    try:
        with transaction.atomic():
            run: Run = Run.objects.create(
                automation=automation,
                version=version,
                contact=contact,
                entry="once" if entry["policy"] == "once" else cause,
                is_exclusive=entry["policy"] != "every",
                step=flows.first(version.document["steps"]),
                due_at=at,
                entered_at=at,
                created_at=at,
            )
    except IntegrityError:  # the unique keys say that they are in it, or were
        return None
    publish(AutomationEntered(automation_id=automation.id, run_id=run.id, contact_id=contact.id, at=at))
    due.schedule(RUNS, at)
    due.hurry(RUNS)
    return run


def fingerprint(event: Event) -> str:
    """The same for the same event, told again or not."""
    facts = sorted((field.name, str(getattr(event, field.name))) for field in dataclasses.fields(event))
    return hashlib.blake2b(f"{event.name}{facts}".encode(), digest_size=16).hexdigest()


def _is_too_soon(entry: dict[str, Any], earlier: Any, *, at: datetime) -> bool:
    if entry["policy"] != "again":
        return False
    return bool(earlier.filter(entered_at__gt=at - timedelta(days=int(entry["days"]))).exists())


def _is_a_loop(automation: Automation, earlier: Any, *, at: datetime) -> bool:
    if earlier.filter(entered_at__gt=at - timedelta(days=1)).count() < MOST_ENTRIES_A_DAY:
        return False
    logger.warning("entered too often in a day, let in no more", extra={"automation": str(automation.id)})
    return True
