"""Forms on other people's sites: their HTML, and answers to what was sent from there, for a script of any origin.

No cookie is read or set: the script asks without credentials, and an answer to any origin may not carry them anyway. The
form lives in a shadow tree, not in a frame: it is as wide as its place, grows with it, and takes the focus like the
page's own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from plainsail.accounts.services import hosts
from plainsail.blocks.sockets import FormCard
from plainsail.kernel.http import Request, public
from plainsail.pages.models import Form, Unfinished
from plainsail.pages.services import embeds, forms, notices, steps
from plainsail.pages.services.forms import InvalidSubmission

ANYBODY = {"Access-Control-Allow-Origin": "*", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}


@require_safe
@public
def script(request: Request) -> HttpResponse:
    """The script that puts forms into pages: the same for every form and every site."""
    return HttpResponse(
        embeds.script(),
        content_type="text/javascript; charset=utf-8",
        headers={**ANYBODY, "Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"},
    )


@require_safe
@public
def form(request: Request, form_id: UUID) -> HttpResponse:
    """A form as the script shows it: `{html, style}`."""
    subject: Form = get_object_or_404(request.workspace.forms.filter(is_archived=False), id=form_id)
    with translation.override(request.workspace.locale):
        card = forms.card(subject)
    return answer({"html": _html(subject, card), "style": embeds.style(request.workspace)}, max_age=60)


def is_embedded(request: Request) -> bool:
    """Whether a script sent this, which wants words and not a page."""
    return request.headers.get("Accept", "").startswith("application/json")


def thanks(form: Form) -> HttpResponse:
    """What follows: words, or an address to go to."""
    if forms.thanks_address(form) != forms.thanks_path(form):
        return answer({"go": hosts.public_url(form.workspace, forms.thanks_address(form))})
    return answer({"html": render_to_string("pages/embedded_thanks.html", {"form": form})})


def refused(
    form: Form, refusal: InvalidSubmission, *, begun: Unfinished | None = None, step: int = 1, key: str = ""
) -> HttpResponse:
    """The form once more, with what is wrong."""
    if begun is not None:
        return answer({"html": _html(form, notices.step_card(begun, step=step, key=key, refusal=refusal))}, status=422)
    with translation.override(form.workspace.locale):
        card = forms.card(form, values=refusal.values, errors=refusal.errors)
    return answer({"html": _html(form, card)}, status=422)


def next_step(form: Form, key: str, *, step: int = 2) -> HttpResponse:
    begun = steps.find(form, key)
    assert begun is not None, "it was kept a moment ago"
    return answer({"html": _html(form, notices.step_card(begun, step=step, key=key))})


def answer(said: dict[str, Any], *, status: int = 200, max_age: int = 0) -> HttpResponse:
    """JSON for a script of any origin."""
    caching = f"public, max-age={max_age}" if max_age else "no-store"
    return JsonResponse(said, status=status, headers={**ANYBODY, "Cache-Control": caching})


def _html(form: Form, card: FormCard) -> str:
    with translation.override(form.workspace.locale):
        context = {
            "form": card,
            "action": hosts.public_url(form.workspace, card.action),
            "prefix": f"f-{form.id.hex[-6:]}",
            "back": hosts.public_url(form.workspace, card.back) if card.back else "",
            "send": _("Send"),
        }
        return render_to_string("pages/embedded_form.html", context)
