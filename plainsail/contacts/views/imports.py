"""Contacts from files: uploaded, understood, checked, written, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.contacts import queries
from plainsail.contacts.forms import ImportForm, LayoutForm, MappingForm, UploadForm
from plainsail.contacts.models import Import
from plainsail.contacts.services import importing
from plainsail.contacts.services.importing_guessing import PROGRAMS, one_a_line
from plainsail.kernel import cells
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url

SHOWN_FAULTS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def imports(request: Request) -> HttpResponse:
    """Earlier imports, and the way to a new one."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        try:
            made = _receive(request, form)
        except Refusal as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect(workspace_url(request.workspace, "contacts:import", made.id))
    rows = request.workspace.imports.order_by("-created_at", "-id")[:50]
    context = {"form": form, "imports": rows}
    return render(request, "contacts/imports.html", context, status=422 if form.is_bound else 200)


def _receive(request: Request, form: UploadForm) -> Import:
    file, text = form.cleaned_data["file"], form.cleaned_data["text"]
    chunks = file.chunks() if file else iter([one_a_line(text).encode("utf-8", "replace")])
    name = file.name if file else _("Pasted")
    return importing.receive(request.workspace, name=name, chunks=chunks, by=cast(User, request.user), at=request.now)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def show(request: Request, import_id: UUID) -> HttpResponse:
    """Where an import stands, and what can be done next; a post settles what the columns are."""
    found = _found(request, import_id)
    form = ImportForm(request.POST or None, made=found, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        try:
            defined = importing.define(found, form.wishes, at=request.now)
            if name := form.cleaned_data["keep_as"]:
                importing.keep_mapping(defined, name=name, at=request.now)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return _back(request, found)
    return render(request, "contacts/import.html", _context(request, found, form), status=422 if form.is_bound else 200)


def _context(request: Request, found: Import, form: ImportForm) -> dict[str, Any]:
    rows = importing.preview(found) if found.is_open else []
    return {
        "import": found,
        "form": form,
        "rows": rows,
        "columns": [
            (field, [row[place] for row in rows if row[place]][:3]) for place, field in enumerate(form.columns)
        ],
        "layout_form": LayoutForm(initial=found.layout),
        "programs": [(f"program:{key}", one.name) for key, one in PROGRAMS.items()],
        "mappings": request.workspace.import_mappings.order_by("name", "id"),
        "outcome": queries.outcome_of(found),
        "faults": found.faults.order_by("row", "id")[:SHOWN_FAULTS],
        "fault_count": found.faults.count(),
    }


def _found(request: Request, import_id: UUID) -> Import:
    found: Import = get_object_or_404(request.workspace.imports, id=import_id)
    return found


def _back(request: Request, found: Import) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "contacts:import", found.id))


def _try(request: Request, found: Import, work: Callable[[], object]) -> HttpResponse:
    """Do it, and say so where it can't be done; either way back to the import."""
    try:
        work()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return _back(request, found)


@require_POST
@can("contacts.change")
def read_as(request: Request, import_id: UUID) -> HttpResponse:
    """Another encoding, another delimiter, a head or none."""
    found, form = _found(request, import_id), LayoutForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose from what is offered."))
        return _back(request, found)
    return _try(request, found, lambda: importing.read_as(found, **form.cleaned_data))


@require_POST
@can("contacts.change")
def map_like(request: Request, import_id: UUID) -> HttpResponse:
    """Take what the columns are from a mapping that is kept."""
    found, form = _found(request, import_id), MappingForm(request.POST)
    targets = _targets_of(request, form.cleaned_data["mapping"]) if form.is_valid() else None
    if targets is None:
        messages.error(request, _("Choose from what is offered."))
        return _back(request, found)
    return _try(request, found, lambda: importing.map_like(found, targets))


def _targets_of(request: Request, key: str) -> Any:
    if (program := PROGRAMS.get(key.removeprefix("program:"))) is not None:
        return program.targets
    try:
        kept = request.workspace.import_mappings.filter(id=UUID(key)).first()
    except ValueError:
        return None
    return kept.targets if kept else None


@require_POST
@can("contacts.change")
def start(request: Request, import_id: UUID) -> HttpResponse:
    """Write what was checked."""
    found = _found(request, import_id)
    return _try(request, found, lambda: importing.start(found, at=request.now))


@require_POST
@can("contacts.change")
def pause(request: Request, import_id: UUID) -> HttpResponse:
    """Stop for now."""
    found = _found(request, import_id)
    return _try(request, found, lambda: importing.pause(found))


@require_POST
@can("contacts.change")
def resume(request: Request, import_id: UUID) -> HttpResponse:
    """Go on."""
    found = _found(request, import_id)
    return _try(request, found, lambda: importing.resume(found))


@require_POST
@can("contacts.change")
def cancel(request: Request, import_id: UUID) -> HttpResponse:
    """Stop for good."""
    found = _found(request, import_id)
    return _try(request, found, lambda: importing.cancel(found, at=request.now))


@require_POST
@can("contacts.change")
def undo(request: Request, import_id: UUID) -> HttpResponse:
    """Take all of it back."""
    found = _found(request, import_id)
    return _try(request, found, lambda: importing.undo(found))


@require_GET
@can("contacts.change")
def faults(request: Request, import_id: UUID) -> HttpResponse:
    """What was not taken, as a table: row, column, value, reason."""
    found = _found(request, import_id)
    head = [(_("Row"), _("Column"), _("Value"), _("Reason"))]
    rows = found.faults.order_by("row", "id").values_list("row", "column", "value", "reason")
    response = HttpResponse(cells.file([*head, *rows]), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="import-faults.csv"'
    return response
