"""Notices: which letters a business sends by itself, and in which words. A tab of Settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import NoticeForm
from plainsail.mail.services import notices
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.mail.views.editor import MAIL_POLICY


@require_GET
@can("mail.view")
def listed(request: Request) -> HttpResponse:
    switches = notices.switches()
    rows = sorted(NOTICES.items(), key=lambda pair: pair[1].order)
    groups = [
        (heading, [(kind, notice, switches[kind]) for kind, notice in rows if notice.to == to])
        for to, heading in (("customers", _("To your customers")), ("team", _("To your team")))
    ]
    return render(request, "mail/notices.html", {"groups": groups})


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def notice(request: Request, kind: str) -> HttpResponse:
    """The words of one notice in one language."""
    found, language = _find(kind), _language(request)
    subject, body, is_own = notices.words(kind, language)
    form = NoticeForm(request.POST or None, initial={"subject": subject, "body": body})
    if form.is_valid():
        try:
            notices.reword(kind, language, at=request.now, **form.cleaned_data)
        except notices.UnknownNoticeField as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect(f"{workspace_url(request.workspace, 'mail:notice', kind)}?language={language}")
    context = {"kind": kind, "notice": found, "spoken": language, "form": form, "is_own": is_own}
    context["languages"] = notices.languages(request.workspace)
    return render(request, "mail/notice.html", context, status=422 if form.is_bound else 200)


@require_GET
@can("mail.view")
@xframe_options_sameorigin
def preview(request: Request, kind: str) -> HttpResponse:
    _find(kind)
    response = HttpResponse(notices.preview(kind, _language(request)).html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_POST
@can("mail.manage")
def restoration(request: Request, kind: str) -> HttpResponse:
    """Back to the original words."""
    _find(kind)
    language = _language(request)
    notices.restore(kind, language)
    messages.success(request, _("The original words are back."))
    return redirect(f"{workspace_url(request.workspace, 'mail:notice', kind)}?language={language}")


@require_POST
@can("mail.manage")
def switching(request: Request, kind: str) -> HttpResponse:
    """On or off."""
    _find(kind)
    notices.switch(kind, is_on="on" in request.POST)
    messages.success(request, _("Saved."))
    return redirect(workspace_url(request.workspace, "mail:notices"))


def _find(kind: str) -> Notice:
    found = NOTICES.get(kind)
    if found is None:
        raise Http404
    return found


def _language(request: Request) -> str:
    offered = [code for code, _name in notices.languages(request.workspace)]
    asked = request.GET.get("language", "")
    return asked if asked in offered else offered[0]
