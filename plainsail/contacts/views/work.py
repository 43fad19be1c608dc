"""Notes and tasks: on a contact, and a person's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.models import Contact, Note, Task
from plainsail.contacts.services import notes as note_services
from plainsail.contacts.services import tasks as services
from plainsail.contacts.work_forms import NoteForm, TaskForm
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import local_date


def _back(request: Request, contact_id: UUID) -> HttpResponse:
    """To the page of this business that the form was on, else to the contact."""
    wanted, home = request.POST.get("back", ""), f"/w/{request.workspace.slug}/"
    is_ours = wanted.startswith(home) and wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return redirect(wanted if is_ours else workspace_url(request.workspace, "contacts:contact", contact_id))


@require_POST
@can("contacts.change")
def add_note(request: Request, contact_id: UUID) -> HttpResponse:
    """Write a note about somebody."""
    found: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        note_services.write(found, author=request.membership.user, at=request.now, **form.given)
    else:
        messages.error(request, _("A note needs some words, up to 10,000 characters."))
    return _back(request, found.id)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def note(request: Request, note_id: UUID) -> HttpResponse:
    """Change a note; can be undone."""
    found: Note = get_object_or_404(request.workspace.contact_notes.select_related("contact"), id=note_id)
    form = NoteForm(request.POST if request.method == "POST" else None, initial={"text": found.text})
    if form.is_valid():
        note_services.change(found, text=form.cleaned_data["text"], at=request.now)
        _say(request, _("The note is changed."), "contacts:restore_note", found.id)
        return _back(request, found.contact_id)
    context = {"note": found, "form": form, "back": request.GET.get("back", "")}
    return render(request, "contacts/note.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def delete_note(request: Request, note_id: UUID) -> HttpResponse:
    """Delete a note; can be undone."""
    found: Note = get_object_or_404(request.workspace.contact_notes, id=note_id)
    note_services.delete(found, at=request.now)
    _say(request, _("The note is deleted."), "contacts:restore_note", found.id)
    return _back(request, found.contact_id)


@require_POST
@can("contacts.change")
def restore_note(request: Request, note_id: UUID) -> HttpResponse:
    """Take back the last change or deletion of a note."""
    found: Note = get_object_or_404(request.workspace.contact_notes, id=note_id)
    note_services.take_back(found, at=request.now)
    return _back(request, found.contact_id)


def _say(request: Request, words: str, undo: str, key: UUID) -> None:
    messages.success(request, words, extra_tags=f"undo:{workspace_url(request.workspace, undo, key)}")


@require_GET
@can("contacts.view")
def tasks(request: Request) -> HttpResponse:
    """What there is to do: one's own, or the whole team's."""
    is_everybodys, is_done = request.GET.get("who") == "all", request.GET.get("state") == "done"
    rows = queries.done_tasks(request.workspace) if is_done else queries.open_tasks(request.workspace)
    if not is_everybodys:
        rows = rows.filter(assignee_id=request.user.pk)
    context = {
        "tasks": rows[:200],
        "is_everybodys": is_everybodys,
        "is_done": is_done,
        "today": local_date(request.now, request.workspace.timezone),
    }
    return render(request, "contacts/tasks.html", context)


@require_POST
@can("contacts.change")
def add_task(request: Request, contact_id: UUID) -> HttpResponse:
    """Set a task about somebody."""
    found: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = TaskForm(request.POST, workspace=request.workspace)
    if form.is_valid():
        services.create(found, author=request.membership.user, at=request.now, **form.given_with_subject)
    else:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    return _back(request, found.id)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def task(request: Request, task_id: UUID) -> HttpResponse:
    """Change a task."""
    found = _task(request, task_id)
    initial: dict[str, Any] = {
        "what": found.what,
        "due_on": found.due_on,
        "assignee": str(found.assignee_id or ""),
    }
    form = TaskForm(request.POST if request.method == "POST" else None, workspace=request.workspace, initial=initial)
    if form.is_valid():
        services.change(found, by=request.membership.user, at=request.now, **form.given)
        return _back(request, found.contact_id)
    context = {"task": found, "form": form, "back": request.GET.get("back", "")}
    return render(request, "contacts/task.html", context, status=422 if form.is_bound else 200)


def _task(request: Request, task_id: UUID) -> Task:
    found: Task = get_object_or_404(request.workspace.tasks.select_related("contact", "assignee"), id=task_id)
    return found


@require_POST
@can("contacts.change")
def finish_task(request: Request, task_id: UUID) -> HttpResponse:
    """Tick a task off; can be undone."""
    found = _task(request, task_id)
    services.finish(found, by=request.membership.user, at=request.now)
    _say(request, _("“%(task)s” is done.") % {"task": found.what}, "contacts:reopen_task", found.id)
    return _back(request, found.contact_id)


@require_POST
@can("contacts.change")
def reopen_task(request: Request, task_id: UUID) -> HttpResponse:
    """Undo the tick."""
    found = _task(request, task_id)
    services.reopen(found)
    return _back(request, found.contact_id)


@require_POST
@can("contacts.change")
def delete_task(request: Request, task_id: UUID) -> HttpResponse:
    """Delete a task; can be undone."""
    found = _task(request, task_id)
    services.delete(found, at=request.now)
    _say(request, _("“%(task)s” is deleted.") % {"task": found.what}, "contacts:restore_task", found.id)
    return _back(request, found.contact_id)


@require_POST
@can("contacts.change")
def restore_task(request: Request, task_id: UUID) -> HttpResponse:
    """Undo the deletion."""
    found = _task(request, task_id)
    services.restore(found)
    return _back(request, found.contact_id)
