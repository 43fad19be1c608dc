"""Handing a funnel on: as a file, or by a code; and taking one in."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.funnels import queries
from plainsail.funnels.forms import CodeForm, MakeCodeForm, PackageForm
from plainsail.funnels.models import Funnel
from plainsail.funnels.services import bundling
from plainsail.funnels.services import sharing as codes
from plainsail.funnels.views import looks
from plainsail.funnels.views.funnels import find
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url


@require_http_methods(["GET", "POST"])
@can("funnels.change")
def sharing(request: Request, funnel_id: UUID) -> HttpResponse:
    found, form = find(request, funnel_id), MakeCodeForm(request.POST or None)
    if form.is_valid():
        make = codes.make_for_one if form.cleaned_data["use"] == "one" else codes.make_for_many
        try:
            make(found, at=request.now)
            messages.success(request, _("Here is the code. It hands on the funnel as it is now."))
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "funnels:sharing", found.id))
    context = {"funnel": found, "codes": looks.codes(queries.codes_of(found))}
    return render(request, "funnels/sharing.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("funnels.change")
def withdrawal(request: Request, funnel_id: UUID, code_id: UUID) -> HttpResponse:
    code = get_object_or_404(queries.codes(request.workspace.id), id=code_id, funnel_id=funnel_id)
    codes.withdraw(code, at=request.now)
    messages.success(request, _("Withdrawn. The code leads nowhere now; what was made from it stays."))
    if not request.workspace.funnels.filter(id=funnel_id).exists():
        return redirect(workspace_url(request.workspace, "funnels:funnels"))
    return redirect(workspace_url(request.workspace, "funnels:sharing", funnel_id))


@require_GET
@can("funnels.change")
def package(request: Request, funnel_id: UUID) -> HttpResponse:
    found = find(request, funnel_id)
    response = HttpResponse(bundling.bundle(found), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{slugify(found.name)[:60] or "funnel"}.funnel.zip"'
    return response


@require_http_methods(["GET", "POST"])
@can("funnels.change")
def importing(request: Request) -> HttpResponse:
    form = PackageForm(request.POST, request.FILES) if request.method == "POST" else PackageForm()
    if form.is_valid():
        try:
            read = bundling.read(form.cleaned_data["file"].read())
            return made(request, bundling.unpack(request.workspace, read, by=request.user, at=request.now))  # type: ignore[arg-type]  # a member
        except Refusal as refusal:
            form.add_error("file", str(refusal))
    context = {"form": form, "code_form": CodeForm()}
    return render(request, "funnels/importing.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("funnels.change")
def redemption(request: Request) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            found = codes.redeem(request.workspace, form.cleaned_data["code"], by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
            return made(request, found)
        except Refusal as refusal:
            form.add_error("code", str(refusal))
    context = {"form": PackageForm(), "code_form": form}
    return render(request, "funnels/importing.html", context, status=422)


def made(request: Request, funnel: Funnel) -> HttpResponse:
    """To the new funnel, saying what of it isn't there."""
    messages.success(request, _("Here it is, as a draft. Nothing is live until you publish it."))
    if missing := queries.pictures_missing(funnel):
        words = ngettext(
            "%(count)s picture didn’t come along. Choose another one in its place.",
            "%(count)s pictures didn’t come along. Choose others in their place.",
            missing,
        )
        messages.warning(request, words % {"count": missing})
    return redirect(workspace_url(request.workspace, "funnels:funnel", funnel.id))
