"""Going live, pausing, going on. A version never changes; people under way finish theirs or are moved, as the owner says."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.automations.events import AutomationPublished
from plainsail.automations.models import Automation, AutomationVersion, Run, StepLog
from plainsail.automations.services import flows, stepping, versions, watching
from plainsail.automations.services.entering import CLOCK, LOOKS, RUNS
from plainsail.automations.sockets import TRIGGERS
from plainsail.contacts.services import uses
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish as announce
from plainsail.kernel.models import Workspace


class NotReady(Refusal):
    """Something in the flow is missing; the message says what."""

    code = "not_ready"
    status = 422


class NotLive(Refusal):
    """It can't be paused, because it does nothing yet."""

    code = "not_live"
    message = _("This automation is not live.")


Waiting = Literal["finish", "move"]
"""What becomes of those under way: they finish what they began, or go on in the new version."""


def publish(automation: Automation, *, waiting: Waiting, at: datetime) -> AutomationVersion:
    """The draft goes live for newcomers, and for those under way as is said.

    Raises NotReady, and what an action has against it, such as a mail whose domain is not set up.
    """
    return (
        publish_moving_them(automation, at=at) if waiting == "move" else publish_letting_them_finish(automation, at=at)
    )


@transaction.atomic
def publish_letting_them_finish(automation: Automation, *, at: datetime) -> AutomationVersion:
    """The draft goes live for newcomers; whoever is under way goes on as they began. Raises NotReady."""
    return _publish(automation, at=at)


@transaction.atomic
def publish_moving_them(automation: Automation, *, at: datetime) -> AutomationVersion:
    """The draft goes live for everybody: whoever is under way at a step that is still there goes on in the new version.

    Whoever stands at a step that is gone finishes the version they entered. Whoever waits at one that is set otherwise now comes
    to it anew, and what they have waited counts. A statement, and three for each earlier version whose waits are others now.
    Raises NotReady.
    """
    version = _publish(automation, at=at)
    there = [step["id"] for step in flows.walk(version.document["steps"])]
    moved = Run.objects.filter(automation=automation, ended_at=None, step__in=there)
    for earlier in automation.versions.filter(Exists(moved.filter(version=OuterRef("id")))).order_by("number"):
        if steps := _waits_otherwise(earlier.document, version.document):
            _come_anew(moved.filter(version=earlier, is_in_wait=True, step__in=steps), at=at)
    # Steps that they took may come again now: that is another visit.
    moved.update(version=version, round=F("round") + 1)
    return version


def _waits_otherwise(before: flows.Flow, after: flows.Flow) -> list[str]:
    """Ids of the steps at which people wait and that are set otherwise now."""
    changed = [one.after for one in versions.compare(before, after) if one.kind == "changed"]
    return [step["id"] for step in changed if step is not None and step["type"] in ("wait", "goal")]


def _come_anew(waiting: QuerySet[Run], *, at: datetime) -> None:
    """Let people come again to the step where they wait. The log says since when they have waited there, see `stepping`."""
    begun = StepLog.objects.filter(run__in=waiting, step=F("run__step"), outcome="waiting")
    begun.update(outcome=stepping.MOVED)
    waiting.update(is_in_wait=False, due_at=at)


def _publish(automation: Automation, *, at: datetime) -> AutomationVersion:
    locked = Automation.objects.select_for_update().get(id=automation.id)
    business = Workspace.objects.get(id=locked.workspace_id)
    if missing := flows.faults(locked.draft, business):
        raise NotReady(next(iter(missing.values())))
    flows.check_live(locked.draft, at=at)
    document = flows.frozen(locked.draft)
    version: AutomationVersion = AutomationVersion.objects.create(
        automation=locked,
        number=locked.versions.count() + 1,
        document=document,
        published_at=at,
        is_asking=flows.is_asking(document),
    )
    trigger = document["trigger"]
    if not (locked.is_live and locked.listens_to == trigger["kind"]):
        locked.looked_at = at
    locked.version, locked.listens_to = version, trigger["kind"]
    locked.listens_for = TRIGGERS[trigger["kind"]].wants(trigger["config"])[:200]
    locked.state, locked.published_revision = Automation.State.LIVE, locked.revision
    locked.save(
        update_fields=["version", "listens_to", "listens_for", "state", "published_revision", "looked_at"],
    )
    watching.begin(version, at=at)
    _wake(locked, at=at)
    announce(AutomationPublished(automation_id=locked.id, number=version.number, at=at))
    return version


def _wake(automation: Automation, *, at: datetime) -> None:
    """What is due of it is done; what has to be looked for is, from now on."""
    due.schedule(RUNS, at)
    due.schedule(LOOKS, at)
    trigger = TRIGGERS.get(automation.listens_to)
    if trigger is not None and trigger.comes is not None:
        due.schedule(CLOCK, at)


@transaction.atomic
def pause(automation: Automation) -> None:
    """Let nobody in and nobody on. Everybody keeps their place. Raises NotLive."""
    paused = Automation.objects.filter(id=automation.id, state=Automation.State.LIVE)
    if not paused.update(state=Automation.State.PAUSED):
        raise NotLive


@transaction.atomic
def resume(automation: Automation, *, at: datetime) -> None:
    """Go on; what became due meanwhile happens now, but who would have come meanwhile has not.

    Raises NotLive for one that was never published, and what an action has against it, as publishing does.
    """
    paused = Automation.objects.filter(id=automation.id, state=Automation.State.PAUSED)
    if not paused.update(state=Automation.State.LIVE, looked_at=at):
        raise NotLive
    for version in AutomationVersion.objects.filter(id=automation.version_id):
        flows.check_live(version.document, at=at)
    _wake(automation, at=at)


@transaction.atomic
def delete(automation: Automation) -> None:
    """Throw an automation away, with the record of who was in it. Raises InUse where another one starts or stops it, or a
    funnel sends its mails by it."""
    key = str(automation.id)
    # It names itself where its own document does.
    others = [use.label for use in uses.found(key) if key not in use.url]
    if others:
        raise uses.InUse(_text("It is still used: %(uses)s.") % {"uses": ", ".join(others[: uses.NAMED])})
    Automation.objects.filter(id=automation.id).update(version=None)
    Automation.objects.get(id=automation.id).delete()
