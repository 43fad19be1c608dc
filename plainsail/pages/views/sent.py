"""What was sent with a form: read, searched, taken along, let in where it was held; and the form's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.kernel import cells
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.models import Submission
from plainsail.pages.services import reading, submissions
from plainsail.pages.views.forms import find
from plainsail.ui.charts import Series

PER_PAGE = 50
SPANS = (7, 30, 90, 365)


@require_GET
@can("pages.view")
def answers(request: Request, form_id: UUID) -> HttpResponse:
    subject, words = find(request, form_id), _words(request)
    is_held = request.GET.get("show") == "held"
    page = Paginator(queries.answers(subject, words=words, held=is_held), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "subject": subject,
        "page": page,
        "entries": reading.entries(subject, page.object_list),
        "words": words,
        "is_held": is_held,
        "held": queries.held(subject).count(),
        "unfinished": subject.unfinished.order_by("-changed_at", "-id")[:PER_PAGE],
    }
    return render(request, "pages/answers.html", context)


@require_GET
@can("pages.view")
def answers_csv(request: Request, form_id: UUID) -> HttpResponse:
    """Everything that was sent, or what a search finds: at most 100,000 rows, newest first."""
    subject, words = find(request, form_id), _words(request)
    table = cells.file(reading.table(subject, queries.answers(subject, words=words), at_most=reading.MOST_ROWS))
    response = HttpResponse(table, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(subject.name)[:60] or "form"}.csv"'
    return response


@require_POST
@can("pages.change")
def let_in(request: Request, form_id: UUID, submission_id: UUID) -> HttpResponse:
    submissions.let_in(_held(request, form_id, submission_id), at=request.now)
    messages.success(request, _("Let in: it is treated like every other one now."))
    return redirect(workspace_url(request.workspace, "pages:answers", form_id) + "?show=held")


@require_POST
@can("pages.change")
def discard(request: Request, form_id: UUID, submission_id: UUID) -> HttpResponse:
    submissions.discard(_held(request, form_id, submission_id))
    messages.success(request, _("Deleted."))
    return redirect(workspace_url(request.workspace, "pages:answers", form_id) + "?show=held")


@require_GET
@can("pages.view")
def numbers(request: Request, form_id: UUID) -> HttpResponse:
    subject, asked = find(request, form_id), request.GET.get("days", "")
    days = int(asked) if asked in map(str, SPANS) else 30
    found = queries.form_numbers(subject, days=days, at=request.now)
    context = {
        "subject": subject,
        "numbers": found,
        "both": [Series(_("Views"), in_words(found.views)), Series(_("Sent"), in_words(found.sent))],
        "shares": in_words(found.shares),
        "days": days,
        "spans": SPANS,
    }
    return render(request, "pages/form_numbers.html", context)


def _words(request: Request) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:200]


def in_words(points: Sequence[tuple[date, int | float]]) -> list[tuple[str, int | float]]:
    """A plot's points, with their days as people write them."""
    return [(date_format(day, "SHORT_DATE_FORMAT"), value) for day, value in points]


def _held(request: Request, form_id: UUID, submission_id: UUID) -> Submission:
    found: Submission = get_object_or_404(queries.held(find(request, form_id)), id=submission_id)
    return found
