"""Visitors' forms as their owner sees them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.forms import FormForm
from plainsail.pages.models import Form
from plainsail.pages.services import forms as services
from plainsail.pages.services import publishing


@require_GET
@can("pages.view")
def forms(request: Request) -> HttpResponse:
    return render(request, "pages/forms.html", {"forms": queries.forms_with_numbers(request.workspace)})


@require_http_methods(["GET", "POST"])
@can("pages.change")
def form_settings(request: Request, form_id: UUID) -> HttpResponse:
    subject: Form = get_object_or_404(request.workspace.forms, id=form_id)
    form = FormForm(request.POST or None, initial=_values(subject))
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "pages/form_settings.html", {"form": form, "subject": subject}, status=status)
    services.change(subject, at=request.now, **form.cleaned_data)
    refreshed = publishing.refresh_with_form(subject, at=request.now)
    messages.success(request, _("Saved.") if not refreshed else _("Saved. Your published pages show it now."))
    return redirect(workspace_url(request.workspace, "pages:forms"))


def _values(subject: Form) -> dict[str, object]:
    names = ("name", "list", "consent", "thanks_title", "thanks_text")
    return {name: getattr(subject, name) for name in names} | {"asks_first_name": services.asks_first_name(subject)}
