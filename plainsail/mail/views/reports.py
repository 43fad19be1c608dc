"""Beside a broadcast's report: the map of its clicks, and its numbers as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils.text import slugify
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from plainsail.kernel import cells
from plainsail.kernel.http import Request, can
from plainsail.mail.services import reporting
from plainsail.mail.views.broadcasts import find
from plainsail.mail.views.editor import MAIL_POLICY


@require_GET
@can("mail.view")
@xframe_options_sameorigin
def click_map(request: Request, broadcast_id: UUID) -> HttpResponse:
    response = HttpResponse(reporting.click_map(find(request, broadcast_id), request.workspace))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_GET
@can("mail.view")
def numbers(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    table = cells.file(reporting.rows_for_csv(found, reporting.report(found)))
    response = HttpResponse(table, content_type="text/csv; charset=utf-8")
    name = slugify(str(found.edition or found.email))[:60] or "report"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
