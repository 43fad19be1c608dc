"""Visitors' forms as their owner sees them: the list, the builder, what was sent, the numbers, and the way elsewhere."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts.services import lists
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.builder_forms import BuilderForm, NewFormForm
from plainsail.pages.models import Form
from plainsail.pages.services import embeds, notices, publishing, questions
from plainsail.pages.services import forms as services
from plainsail.pages.views.pages import asked

PER_PAGE = 50


@require_GET
@can("pages.view")
def forms(request: Request) -> HttpResponse:
    return render(request, "pages/forms.html", _listed(request, NewFormForm()))


@require_POST
@can("pages.change")
def new_form(request: Request) -> HttpResponse:
    form = NewFormForm(request.POST)
    if not form.is_valid():
        return render(request, "pages/forms.html", _listed(request, form), status=422)
    topic = lists.default(request.workspace, at=request.now)
    made = services.make(request.workspace, name=form.cleaned_data["name"], list=topic, at=request.now)
    return redirect(workspace_url(request.workspace, "pages:form_settings", made.id))


@require_http_methods(["GET", "POST"])
@can("pages.change")
def form_settings(request: Request, form_id: UUID) -> HttpResponse:
    subject = find(request, form_id)
    form = BuilderForm(request.POST or None, subject=subject)
    if not form.is_valid() or form.is_drafting:
        status = 422 if form.is_bound and not form.is_drafting else 200
        return render(request, "pages/form_settings.html", _context(subject, form), status=status)
    services.change(subject, by=request.user, at=request.now, **form.changes)  # type: ignore[arg-type]  # a member
    refreshed = publishing.refresh_with_form(subject, at=request.now)
    messages.success(request, _("Saved.") if not refreshed else _("Saved. Your published pages show it now."))
    return redirect(workspace_url(request.workspace, "pages:form_settings", subject.id))


@require_POST
@can("pages.change")
def form_draft(request: Request, form_id: UUID) -> HttpResponse:
    """The questions as they stand, one more or fewer or elsewhere; nothing is saved."""
    subject = find(request, form_id)
    return render(request, "pages/form_settings.html", _context(subject, BuilderForm(request.POST, subject=subject)))


@require_POST
@can("pages.change")
def form_preview(request: Request, form_id: UUID) -> HttpResponse:
    """How the form would look: `{html, style}`; nothing is saved."""
    drafted = BuilderForm(request.POST, subject=find(request, form_id)).drafted()
    return JsonResponse(notices.preview_of(drafted))


@require_POST
@can("pages.change")
def form_copy(request: Request, form_id: UUID) -> HttpResponse:
    made = services.copy(find(request, form_id), at=request.now)
    return redirect(workspace_url(request.workspace, "pages:form_settings", made.id))


@require_POST
@can("pages.change")
def form_archive(request: Request, form_id: UUID) -> HttpResponse:
    subject = find(request, form_id)
    try:
        services.archive(subject)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "pages:form_settings", subject.id))
    messages.success(request, _("“%(name)s” is put away. What was sent with it stays.") % {"name": subject.name})
    return redirect(workspace_url(request.workspace, "pages:forms"))


@require_GET
@can("pages.view")
def form_elsewhere(request: Request, form_id: UUID) -> HttpResponse:
    """What is pasted into another site, and every wording that the form has had."""
    subject = find(request, form_id)
    context = {
        "subject": subject,
        "snippet": embeds.snippet(subject),
        "html": embeds.plain_html(subject) if subject.steps == 1 else "",
        "address": publishing.address(request.workspace, services.form_path(subject)),
        "versions": subject.versions.select_related("by").order_by("-number")[:50],
    }
    return render(request, "pages/form_elsewhere.html", context)


def _listed(request: Request, new: NewFormForm) -> dict[str, object]:
    words = asked(request)
    rows = Paginator(queries.forms_with_numbers(request.workspace, words=words), PER_PAGE)
    return {"page": rows.get_page(request.GET.get("page")), "q": words, "new": new}


def find(request: Request, form_id: UUID) -> Form:
    found: Form = get_object_or_404(request.workspace.forms.select_related("workspace", "list"), id=form_id)
    return found


def _context(subject: Form, form: BuilderForm) -> dict[str, object]:
    rows = [
        {
            "question": one,
            "kind": questions.KINDS[one["kind"]],
            "error": form.row_errors.get(one["name"], ""),
            "choices": "\n".join(choice["label"] for choice in one.get("choices", [])),
            "is_fixed": not one["name"].startswith("ask:"),
            "breaks": place > 0 and one.get("step", 1) > form.questions[place - 1].get("step", 1),
        }
        for place, one in enumerate(form.questions)
    ]
    boxes = [{"box": box, "error": form.row_errors.get(box["id"], "")} for box in form.boxes]
    return {
        "subject": subject,
        "form": form,
        "rows": rows,
        "boxes": boxes,
        "sources": questions.CAMPAIGN,
        "preview": notices.preview_of(form.drafted()),
    }
