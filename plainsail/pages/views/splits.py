"""A page's split test: prepared, started, read, ended."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, refusals_at, workspace_url
from plainsail.kernel.money import Money
from plainsail.pages import queries
from plainsail.pages.forms import SplitForm
from plainsail.pages.models import Page, SplitTest
from plainsail.pages.services import splitting


@require_GET
@can("pages.view")
def split(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    return _show(request, page, _latest(page))


@require_POST
@can("pages.change")
def split_begin(request: Request, page_id: UUID) -> HttpResponse:
    splitting.begin(_page(request, page_id), by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    return _back(request, page_id)


@require_http_methods(["GET", "POST"])
@can("pages.change")
def split_settings(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    test = _current(page)
    form = SplitForm(request.POST or None, test=test)
    if form.is_valid():
        with refusals_at(form):
            splitting.set_up(test, **form.wanted)
        if form.is_valid():
            messages.success(request, _("Saved."))
            return _back(request, page_id)
    return _show(request, page, test, form=form, status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def split_variants(request: Request, page_id: UUID) -> HttpResponse:
    """One variant more."""
    try:
        splitting.add(_current(_page(request, page_id)), by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return _back(request, page_id)


@require_POST
@can("pages.change")
def split_removal(request: Request, page_id: UUID, letter: str) -> HttpResponse:
    variant = get_object_or_404(
        _current(_page(request, page_id)).variants.select_related("page", "test"), letter=letter
    )
    try:
        splitting.remove(variant, at=request.now)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return _back(request, page_id)


@require_POST
@can("pages.change")
def split_start(request: Request, page_id: UUID) -> HttpResponse:
    try:
        splitting.start(_current(_page(request, page_id)), by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The test runs: visitors see the variants from now on."))
    return _back(request, page_id)


@require_POST
@can("pages.change")
def split_end(request: Request, page_id: UUID) -> HttpResponse:
    """End it with the variant that was chosen; everybody sees that one from now on."""
    test = _current(_page(request, page_id))
    winner = request.POST.get("winner", "")
    get_object_or_404(test.variants.all(), letter=winner[:1] or "-")
    try:
        splitting.end(test, winner=winner, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The test has ended. Everybody sees %(letter)s now.") % {"letter": winner})
    return _back(request, page_id)


def _show(
    request: Request, page: Page, test: SplitTest | None, *, form: SplitForm | None = None, status: int = 200
) -> HttpResponse:
    found = splitting.report(test, at=request.now) if test else None
    context = {
        "page": page,
        "test": test,
        "report": found,
        "rows": [_row(row, found.currency) for row in found.rows] if found else [],
        "rule": splitting.rule_of(test) if test else "",
        "least": splitting.LEAST_PEOPLE,
        "form": form or (SplitForm(test=test) if test and test.is_draft else None),
        "shares": [(row.variant.letter, row.share) for row in found.rows] if found else [],
    }
    return render(request, "pages/split.html", context, status=status)


def _row(row: splitting.Row, currency: str) -> dict[str, object]:
    return {
        "row": row,
        "chance": min(99, round(100 * row.chance)),
        "revenue": Money(row.revenue, currency) if currency else None,
    }


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def _latest(page: Page) -> SplitTest | None:
    found: SplitTest | None = page.split_tests.select_related("page").order_by("-id").first()
    return found


def _current(page: Page) -> SplitTest:
    test = _latest(page)
    if test is None or test.state == SplitTest.State.ENDED:
        raise Http404
    return test


def _back(request: Request, page_id: UUID) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "pages:split", page_id))
