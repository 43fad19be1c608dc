"""Tasks about contacts: set, changed, done, and brought to mind in the morning of their day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation

from plainsail.accounts.models import User
from plainsail.accounts.services import hosts, letters
from plainsail.contacts.models import Contact, Task
from plainsail.kernel import due, languages
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date, local_moment
from plainsail.kernel.tenancy import current_workspace_id

MORNING = time(7)
DUE = "contacts.tasks_due"
AT_ONCE = 1000
"""Tasks that are brought to mind in one transaction."""


@transaction.atomic
def create(
    contact: Contact,
    *,
    what: str,
    due_on: date | None,
    assignee: User | None,
    author: User,
    at: datetime,
    about_id: UUID | None = None,
) -> Task:
    """A task about a contact. `about_id` is what of the contact's it is about, where that is known."""
    made = Task(contact=contact, what=what, author=author, about_id=about_id, created_at=at)
    _plan(made, due_on=due_on, assignee=assignee, by=author, at=at)
    made.save()
    return made


@transaction.atomic
def create_by_itself(contact: Contact, *, what: str, due_on: date, assignee: User | None, at: datetime) -> Task:
    """A task that nobody of the team set: the contact asked for something."""
    made = Task(contact=contact, what=what[:200], author=None, created_at=at)
    _plan(made, due_on=due_on, assignee=assignee, by=None, at=at)
    made.save()
    return made


@transaction.atomic
def change(task: Task, *, what: str, due_on: date | None, assignee: User | None, by: User, at: datetime) -> None:
    """Change a task; whoever has another day or another task to expect is told on that day."""
    task.what = what
    if (due_on, assignee) != (task.due_on, task.assignee):
        _plan(task, due_on=due_on, assignee=assignee, by=by, at=at)
    task.save(update_fields=["what", "due_on", "assignee", "reminded_at"])


def _plan(task: Task, *, due_on: date | None, assignee: User | None, by: User | None, at: datetime) -> None:
    task.due_on, task.assignee, task.reminded_at = due_on, assignee, None
    if due_on is None or assignee is None:
        return
    zone = task.contact.workspace.timezone
    if due_on <= local_date(at, zone) and assignee == by:
        # Who gives themselves something for today knows of it.
        task.reminded_at = at
        return
    due.schedule(DUE, max(at, local_moment(due_on, MORNING, zone)))


def finish(task: Task, *, by: User, at: datetime) -> bool:
    """Tick a task off. False where somebody did before."""
    return bool(Task.objects.filter(pk=task.pk, done_at=None, deleted_at=None).update(done_at=at, done_by=by))


def reopen(task: Task) -> None:
    """Undo `finish`."""
    Task.objects.filter(pk=task.pk).update(done_at=None, done_by=None)


def delete(task: Task, *, at: datetime) -> None:
    """Hide a task. Can be restored."""
    Task.objects.filter(pk=task.pk, deleted_at=None).update(deleted_at=at)


def restore(task: Task) -> None:
    """Undo `delete`."""
    Task.objects.filter(pk=task.pk).update(deleted_at=None)


@due.runs(DUE)
def remind(*, at: datetime) -> datetime | None:
    """One mail to each member of the team with the tasks whose day has come. Returns the morning of the next ones.

    What is marked here is mailed after the commit, so nobody is told twice; who left the team is told nothing.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    today = local_date(at, workspace.timezone)
    # A run before the morning waits for it: a day is brought to mind when it begins for people, not for the calendar.
    until = today if at >= local_moment(today, MORNING, workspace.timezone) else today - timedelta(days=1)
    waiting = Task.objects.filter(
        done_at=None, deleted_at=None, reminded_at=None, due_on__isnull=False, assignee__isnull=False
    ).exclude(contact__deleted_at__isnull=False)
    ready = list(
        waiting.filter(due_on__lte=until)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("assignee", "contact")
        .order_by("assignee_id", "due_on", "id")[:AT_ONCE]
    )
    Task.objects.filter(pk__in=[task.pk for task in ready]).update(reminded_at=at)
    team = set(workspace.memberships.values_list("user_id", flat=True))
    for user_id in dict.fromkeys(task.assignee_id for task in ready):
        if user_id in team:
            _tell([task for task in ready if task.assignee_id == user_id], workspace)
    following = waiting.filter(reminded_at=None).order_by("due_on").values_list("due_on", flat=True).first()
    return None if following is None else max(at, local_moment(following, MORNING, workspace.timezone))


def _tell(tasks: Sequence[Task], workspace: Workspace) -> None:
    person = tasks[0].assignee
    assert person is not None, "only assigned tasks are brought to mind"
    with translation.override(languages.first_known(person.locale, workspace.locale)):
        letters.send(
            "contacts/mail/tasks_due",
            to=person.email,
            context={
                "tasks": tasks,
                "number": len(tasks),
                "business": workspace.name,
                "url": hosts.app_url(workspace_url(workspace, "contacts:tasks")),
            },
        )
