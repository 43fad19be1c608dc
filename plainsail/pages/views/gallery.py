"""The gallery: finished pages and sites to start from, each shown as it would really look for this business."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.blocks.services import rendering
from plainsail.contacts.services import lists
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.forms import NewPageForm
from plainsail.pages.services import furnishing, publishing
from plainsail.pages.services import pages as services
from plainsail.pages.starters import ALL, PURPOSES, SITE_STARTERS
from plainsail.pages.views.answers import as_page


@require_http_methods(["GET", "POST"])
@can("pages.change")
def new(request: Request) -> HttpResponse:
    """The gallery, by purpose and by words; and a page from one of it."""
    form = NewPageForm(request.POST or None)
    if form.is_valid():
        some, person = lists.default(request.workspace, at=request.now), cast(User, request.user)
        page = services.create_from_template(
            request.workspace, list=some, by=person, at=request.now, **form.cleaned_data
        )
        return redirect(workspace_url(request.workspace, "pages:page", page.id))
    template = "pages/new.html#starters" if request.htmx else "pages/new.html"
    return render(request, template, _shown(request, form), status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def new_site(request: Request, key: str) -> HttpResponse:
    """A whole site, as drafts."""
    if key not in SITE_STARTERS:
        raise Http404
    made = furnishing.create_site(
        request.workspace,
        key=key,
        list=lists.default(request.workspace, at=request.now),
        by=request.user,  # type: ignore[arg-type]  # a member
        at=request.now,
    )
    messages.success(request, _("%(number)s drafts are there. Change the words, then publish.") % {"number": len(made)})
    return redirect(workspace_url(request.workspace, "pages:pages"))


@require_GET
@can("pages.change")
@xframe_options_sameorigin
def starter(request: Request, key: str) -> HttpResponse:
    """A starter as it would look, for the frames of the gallery and to be looked at alone."""
    if key not in ALL:
        raise Http404
    document, title, cards = furnishing.look(key, request.workspace)
    head = rendering.PageHead(
        title=title,
        site_name=request.workspace.name,
        language=request.workspace.locale,
        legal_links=publishing.legal_links(request.workspace),
    )
    return as_page(rendering.render_page(document, head, cards=cards))


def _shown(request: Request, form: NewPageForm) -> dict[str, object]:
    purpose, words = request.GET.get("purpose", ""), request.GET.get("q", "").strip()
    return {
        "form": form,
        "starters": queries.starters(purpose=purpose, words=words),
        "site_starters": queries.site_starters(words=words) if not purpose else [],
        "purposes": list(PURPOSES.items()),
        "purpose": purpose,
        "words": words,
    }
