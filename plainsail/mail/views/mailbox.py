"""The mailbox of a fresh installation: what the local catcher caught, as its readers would see it."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages as toasts
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts import queries as account_queries
from plainsail.kernel import environment
from plainsail.kernel.http import Request, signed_in
from plainsail.mail.services import catcher
from plainsail.mail.services.catcher import Caught, Reader

PER_PAGE = 50
# No script, no form, nothing loaded but pictures; links open in a tab of their own.
MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' http: https: data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'"
)


@require_GET
@signed_in
def messages(request: Request) -> HttpResponse:
    _refuse_without_catcher()
    words, page = request.GET.get("q", "")[:200], request.GET.get("page", "1")
    number = int(page) if page.isdecimal() and 0 < int(page[:6]) < 1000 else 1
    reader = _reader(request)
    found, has_more = catcher.listed(
        environment.current().mailbox_dir, reader, words=words, skip=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    context = {"found": found, "words": words, "number": number, "has_more": has_more, "reader": reader}
    return render(request, "mail/mailbox.html", context)


@require_GET
@signed_in
def message(request: Request, key: str) -> HttpResponse:
    found = _find(request, key)
    tab = request.GET.get("tab", "html" if found.html else "text")
    tab = tab if tab in ("html", "text", "headers") else "html"
    return render(request, "mail/message.html", {"message": found, "tab": tab})


@require_GET
@signed_in
@xframe_options_sameorigin
def html(request: Request, key: str) -> HttpResponse:
    response = HttpResponse(f'<base target="_blank">{_find(request, key).html}')
    response["Content-Security-Policy"] = MESSAGE_POLICY
    return response


@require_GET
@signed_in
def raw(request: Request, key: str) -> HttpResponse:
    return HttpResponse(_find(request, key).raw, content_type="text/plain; charset=utf-8")


@require_GET
@signed_in
def attachment(request: Request, key: str, number: int) -> HttpResponse:
    found = _find(request, key).attachments
    if number >= len(found):
        raise Http404
    one = found[number]
    # Always a download, never shown: what is in it was written by anybody.
    response = HttpResponse(one.content, content_type="application/octet-stream")
    name = "".join(character for character in one.name if character.isprintable() and character not in '"\\;/')
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name or 'file', safe='')}"
    return response


@require_POST
@signed_in
def clearing(request: Request) -> HttpResponse:
    _refuse_without_catcher()
    if not getattr(request.user, "is_operator", False):
        raise PermissionDenied
    catcher.clear(environment.current().mailbox_dir)
    toasts.success(request, _("The mailbox is empty."))
    return redirect("mail:mailbox")


def _find(request: Request, key: str) -> Caught:
    _refuse_without_catcher()
    found = catcher.find(environment.current().mailbox_dir, key, _reader(request))
    if found is None:
        raise Http404
    return found


def _reader(request: Request) -> Reader:
    user = request.user
    workspaces = account_queries.memberships_of(user).values_list("workspace_id", flat=True)  # type: ignore[arg-type]  # signed in
    return Reader(
        addresses=frozenset({str(getattr(user, "email", "")).lower()}),
        workspaces=frozenset(workspaces),
        sees_all=bool(getattr(user, "is_operator", False)),
    )


def _refuse_without_catcher() -> None:
    if not environment.current().uses_mail_catcher:
        raise Http404
