"""Beside a broadcast's report: the map of its clicks, and its numbers as a file."""

from __future__ import annotations

import csv
from uuid import UUID

from django.http import HttpResponse
from django.utils.text import slugify
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from plainsail.kernel.http import Request, can
from plainsail.mail.services import reporting
from plainsail.mail.views.broadcasts import find
from plainsail.mail.views.editor import MAIL_POLICY

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell."""


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
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = slugify(str(found.edition or found.email))[:60] or "report"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    for row in reporting.rows_for_csv(found, reporting.report(found)):
        writer.writerow([f"'{cell}" if cell.startswith(RISKY) else cell for cell in row])
    return response
