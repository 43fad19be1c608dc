"""Pop-ups and bars: the list with their numbers, and when and to whom one is shown. Their words are in the editor."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages.live_forms import NewPopupForm, PopupForm
from plainsail.pages.models import Page, Popup
from plainsail.pages.services import following, publishing
from plainsail.pages.services import popups as services

RECENT = timedelta(days=30)


@require_GET
@can("pages.view")
def popups(request: Request) -> HttpResponse:
    return render(request, "pages/popups.html", _context(request, NewPopupForm()))


@require_POST
@can("pages.change")
def new_popup(request: Request) -> HttpResponse:
    form = NewPopupForm(request.POST)
    if not form.is_valid():
        return render(request, "pages/popups.html", _context(request, form), status=422)
    made = services.make(request.workspace, by=request.user, at=request.now, **form.cleaned_data)  # type: ignore[arg-type]  # a member
    return redirect(workspace_url(request.workspace, "pages:popup", made.id))


@require_http_methods(["GET", "POST"])
@can("pages.change")
def popup(request: Request, popup_id: UUID) -> HttpResponse:
    subject = _find(request, popup_id)
    form = PopupForm(request.POST or None, subject=subject)
    if form.is_valid():
        services.change(subject, **form.values)
        following.follow.once(f"pages.follow_popups:{request.workspace.id}")
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "pages:popup", subject.id))
    context = {"subject": subject, "form": form}
    return render(request, "pages/popup.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def popup_publication(request: Request, popup_id: UUID) -> HttpResponse:
    """Show it, with its words as they are now."""
    publishing.publish(_find(request, popup_id).page, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    messages.success(request, _("It comes up from now on."))
    return redirect(workspace_url(request.workspace, "pages:popups"))


@require_POST
@can("pages.change")
def popup_withdrawal(request: Request, popup_id: UUID) -> HttpResponse:
    subject = _find(request, popup_id)
    if subject.page.is_published:
        publishing.unpublish(subject.page, at=request.now)
    messages.success(request, _("It comes up no more."))
    return redirect(workspace_url(request.workspace, "pages:popups"))


def _context(request: Request, form: NewPopupForm) -> dict[str, object]:
    rows = list(
        request.workspace.popups.exclude(page__state=Page.State.ARCHIVED)
        .select_related("page")
        .order_by("page__title", "id")
    )
    numbers = services.numbers(rows, since=request.now - RECENT)
    return {"listed": [(one, numbers[one.id]) for one in rows], "form": form}


def _find(request: Request, popup_id: UUID) -> Popup:
    found: Popup = get_object_or_404(request.workspace.popups.select_related("page__workspace"), id=popup_id)
    return found
