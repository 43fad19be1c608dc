"""Erasing one person for good, and the proof of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from plainsail.accounts.models import User
from plainsail.contacts.forms import ErasureForm
from plainsail.contacts.models import Contact, Erasure
from plainsail.contacts.services import erasing
from plainsail.kernel import certificates
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import local_date


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.manage")
def erase(request: Request, contact_id: UUID) -> HttpResponse:
    """Say what goes, what stays, why and until when; then do it."""
    found: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = erasing.erase(found, typed=form.cleaned_data["email"], by=cast(User, request.user), at=request.now)
        except Refusal as refusal:
            form.add_error("email", str(refusal))
        else:
            return redirect(workspace_url(request.workspace, "contacts:erasure", made.id))
    context = {"contact": found, "form": form} | _foreseen(found, request)
    return render(request, "contacts/erase.html", context, status=422 if form.is_bound else 200)


def _foreseen(contact: Contact, request: Request) -> dict[str, Any]:
    person = erasing.person_of(contact)
    kept = map(erasing.said, erasing.foreseen(person, at=request.now))
    return {"obstacles": erasing.obstacles(person), "kept": [_kept(one, request) for one in kept]}


@require_GET
@can("contacts.manage")
def erasures(request: Request) -> HttpResponse:
    """Who was erased: the proofs, the latest first."""
    rows = request.workspace.erasures.select_related("asked_by").order_by("-erased_at", "-id")[:200]
    return render(request, "contacts/erasures.html", {"erasures": rows})


@require_GET
@can("contacts.manage")
def erasure(request: Request, erasure_id: UUID) -> HttpResponse:
    """The proof of one."""
    found: Erasure = get_object_or_404(request.workspace.erasures.select_related("asked_by"), id=erasure_id)
    return render(request, "contacts/erasure.html", _facts(found, request))


@require_GET
@can("contacts.manage")
def sheet(request: Request, erasure_id: UUID) -> HttpResponse:
    """The proof on paper."""
    found: Erasure = get_object_or_404(request.workspace.erasures.select_related("asked_by"), id=erasure_id)
    response = HttpResponse(_pdf(found, request), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="erasure-{found.id}.pdf"'
    return response


def _facts(erasure: Erasure, request: Request) -> dict[str, Any]:
    rows = erasure.certificate["rows"]
    return {
        "erasure": erasure,
        "head": [
            (_("Reference"), str(erasure.id)),
            (_("Erased"), _moment(erasure.erased_at)),
            (_("Erased by"), str(erasure.asked_by or _("a program"))),
            (_("Rows erased"), f"{sum(rows.values()):,}"),
        ],
        "kept": [_kept(one, request) for one in erasure.certificate["kept"]],
        "rows": sorted(rows.items()),
    }


def _kept(entry: dict[str, Any], request: Request) -> dict[str, str]:
    until = datetime.fromisoformat(entry["until"]) if entry["until"] else None
    return {
        "label": entry["label"],
        "ground": entry["ground"],
        "number": ngettext("%(number)d record", "%(number)d records", entry["rows"]) % {"number": entry["rows"]},
        "until": _last_day(until, request) if until else "",
    }


def _last_day(until: datetime, request: Request) -> str:
    """The day before the one at whose start something goes."""
    return date_format(local_date(until, request.workspace.timezone) - timedelta(days=1), "DATE_FORMAT")


def _moment(at: datetime) -> str:
    return f"{date_format(at, 'DATE_FORMAT')}, {date_format(at, 'TIME_FORMAT')} (UTC)"


def _pdf(erasure: Erasure, request: Request) -> bytes:
    found = _facts(erasure, request)
    return certificates.pdf(
        business=request.workspace.name,
        words=_("A person was erased here. What the law wants kept is listed below."),
        head=[list(row) for row in found["head"]],
        kept=[[f"{row['label']} ({row['number']})", row["ground"], row["until"] or "–"] for row in found["kept"]],
        rows=found["rows"],
    )
