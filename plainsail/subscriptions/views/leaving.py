"""Sales → Cancellations → Why people left: reasons, months, words, and what those who stayed are worth."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from plainsail.kernel.http import Request, can
from plainsail.subscriptions.forms import REASONS
from plainsail.subscriptions.services import leaving
from plainsail.subscriptions.services.leaving import Report
from plainsail.subscriptions.views.confirming import now
from plainsail.ui.charts import Series

PER_PAGE = 50


@require_GET
@can("subscriptions.view")
def reasons(request: Request) -> HttpResponse:
    """The report of the last twelve months, or of `?month=2026-11`."""
    found = leaving.report(request.workspace, at=now(request), month=month_of(request))
    context = {
        "report": found,
        "rows": [(label(row.code), row) for row in found.reasons],
        "months": [(f"{each:%Y-%m}", date_format(each, "F Y"), each == found.month) for each in reversed(found.months)],
        "lines": lines(found),
        "has_lines": any(found.left.values()) or any(found.stayed.values()),
        "chosen": f"{found.month:%Y-%m}" if found.month else "",
    }
    return render(request, "subscriptions/reasons.html", context)


@require_GET
@can("subscriptions.view")
def words(request: Request) -> HttpResponse:
    """What was written by those who gave a reason, `?reason=`; none where it is empty."""
    code = request.GET.get("reason", "")
    if code not in dict(REASONS):
        raise Http404
    span, month = span_of(request, at=now(request)), month_of(request)
    found = Paginator(leaving.words(request.workspace, span, reason=code), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": [(one, leaving.text_of(one)) for one in found],
        "label": label(code),
        "chosen": f"{month:%Y-%m}" if month in span and len(span) == 1 else "",
    }
    return render(request, "subscriptions/reason_words.html", context)


@require_GET
@can("subscriptions.view")
def table(request: Request) -> HttpResponse:
    """Every declaration as CSV."""
    span = span_of(request, at=now(request))
    text = leaving.as_csv(request.workspace, span, labels={code: str(words) for code, words in REASONS if code})
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"cancellations-{span[0]:%Y-%m}-{span[-1]:%Y-%m}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def lines(found: Report) -> list[Series]:
    """By month: how many left, how many stayed after all."""
    return [
        Series(name, [(date_format(month, "M Y"), number) for month, number in numbers.items()])
        for name, numbers in ((pgettext("who cancelled", "Left"), found.left), (_("Taken back"), found.stayed))
    ]


def label(code: str) -> Any:
    return dict(REASONS)[code] if code else _("No reason given")


def month_of(request: Request) -> date | None:
    """The first day of `?month=`; nothing for what is no month."""
    try:
        return date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        return None


def span_of(request: Request, *, at: datetime) -> tuple[date, ...]:
    """The month asked for, where it is one of the last twelve; else all of them."""
    return leaving.span(request.workspace, at=at, month=month_of(request))
