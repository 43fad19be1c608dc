"""Beside the editor: what a mail starts from, how it looks to somebody, its plain text, and templates of one's own."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts import queries as contact_queries
from plainsail.contacts.services import lists, segments
from plainsail.kernel.http import Request, can, refusals_at, workspace_url
from plainsail.mail.forms import NewBroadcastForm, TemplateForm, TestForm, TextForm
from plainsail.mail.models import Broadcast, Email
from plainsail.mail.services import broadcasts, checks, emails, merge_fields, own_text, previews, starters
from plainsail.mail.views.answers import find
from plainsail.mail.views.editor import MAIL_POLICY, broadcast_of, reader_of

FOUND = 8
"""Contacts shown where one is looked for."""


@require_http_methods(["GET", "POST"])
@can("mail.change")
def new(request: Request) -> HttpResponse:
    """The gallery; a post begins a broadcast with what was chosen."""
    own = request.workspace.emails.exclude(template_name="").order_by("template_name", "id")
    form = NewBroadcastForm(request.POST or None, own=own)
    if form.is_valid():
        made = _begin(request, form.cleaned_data["starter"])
        return redirect(workspace_url(request.workspace, "mail:audience", made.id))
    context = {"starters": starters.ALL, "own": own}
    return render(request, "mail/new.html", context, status=422 if form.is_bound else 200)


def _begin(request: Request, chosen: str) -> Broadcast:
    topic = lists.default(request.workspace, at=request.now)
    if starter := starters.by_key(chosen):
        words = {"subject": starter.subject(), "preheader": starter.preheader()}
        return broadcasts.create(starter.document(), topic=topic, at=request.now, **words)
    template: Email = request.workspace.emails.get(id=chosen)
    return broadcasts.create_from(template, topic=topic, at=request.now)


@require_GET
@can("mail.change")
@xframe_options_sameorigin
def starter(request: Request, key: str) -> HttpResponse:
    """A finished mail in small, for the gallery."""
    found = starters.by_key(key)
    if found is None:
        raise Http404
    draft = Email(subject=found.subject(), preheader=found.preheader(), document=emails.stored(found.document()))
    return _shown(previews.show(draft, request.workspace, at=request.now).in_scheme("light"))


@require_GET
@can("mail.view")
def look(request: Request, email_id: UUID) -> HttpResponse:
    """The mail as one contact gets it: on a desktop, on a phone, in the dark."""
    return _looked_at(request, find(request, email_id))


@require_POST
@can("mail.send")
def sample(request: Request, email_id: UUID) -> HttpResponse:
    """Send it to oneself, as it is shown."""
    email, form = find(request, email_id), TestForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _looked_at(request, email, test=form, status=422)
    broadcast, reader = broadcast_of(email), reader_of(request)
    whom = {"topic": broadcast.list, "sender": broadcast.sender} if broadcast else {}
    given = form.cleaned_data | {"readers": [reader] if reader else []} | whom
    previews.send_tests(email, request.workspace, at=request.now, **given)
    messages.success(request, _("A test is on its way to %(to)s.") % {"to": ", ".join(given["to"])})
    return redirect(f"{workspace_url(request.workspace, 'mail:look', email.id)}?as={reader.id if reader else ''}")


def _looked_at(request: Request, email: Email, *, test: TestForm | None = None, status: int = 200) -> HttpResponse:
    words, broadcast, reader = request.GET.get("q", "").replace("\0", "")[:100], broadcast_of(email), reader_of(request)
    topic = broadcast.list if broadcast else None
    context = {
        "email": email,
        "shown": previews.show(email, request.workspace, topic=topic, reader=reader, at=request.now),
        "reader": reader,
        "people": contact_queries.browse(request.workspace, text=words).rows[:FOUND] if words.strip() else [],
        "words": words,
        # A broadcast has a page of its own for what is looked at before it leaves.
        "checks": [] if broadcast else checks.of_mail(email, at=request.now),
        "test": test or TestForm(initial={"to": getattr(request.user, "email", "")}, workspace=request.workspace),
    }
    return render(request, "mail/look.html", context, status=status)


@require_http_methods(["GET", "POST"])
@can("mail.change")
def text(request: Request, email_id: UUID) -> HttpResponse:
    """The plain-text part: made from the mail, or in words of its own."""
    email = find(request, email_id)
    made = previews.made_text(email, request.workspace)
    form = TextForm(request.POST or None, initial={"text": own_text.shown(email.text, made.conditions) or made.words})
    if form.is_valid():
        with refusals_at(form):
            _keep_text(request, email, form, made)
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(workspace_url(request.workspace, "mail:text", email.id))
    context = {"email": email, "form": form, "made": made} | _around_text(request, email, made)
    return render(request, "mail/text.html", context, status=422 if form.is_bound else 200)


def _around_text(request: Request, email: Email, made: previews.MadeText) -> dict[str, object]:
    """What the page says of words of one's own: whether they fell behind, and what may stand in them."""
    return {
        "is_behind": bool(email.text) and email.text_seen != made.fingerprint,
        "parts": [
            (f"{{{{if {number}}}}}", segments.in_words(request.workspace, tree, at=request.now))
            for number, tree in enumerate(made.conditions, 1)
        ],
        "fields": merge_fields.offered(request.workspace),
        "marks": own_text.EXAMPLES,
    }


def _keep_text(request: Request, email: Email, form: TextForm, made: previews.MadeText) -> None:
    """Save words of its own, or none where they are what the mail makes anyway. Raises Refusal."""
    written = form.cleaned_data["text"]
    own = "" if "reset" in request.POST or written == made.words else written
    kept = {"seen": made.fingerprint, "conditions": made.conditions, "by": request.user}
    emails.keep_text(email, own, at=request.now, **kept)  # type: ignore[arg-type]  # a member


@require_http_methods(["GET", "POST"])
@can("mail.change")
def keep(request: Request, email_id: UUID) -> HttpResponse:
    """Keep a mail as a template under a name."""
    email = find(request, email_id)
    form = TemplateForm(request.POST or None, initial={"name": str(email)})
    if form.is_valid():
        emails.keep_as_template(email, name=form.cleaned_data["name"], at=request.now)
        messages.success(request, _("Kept. It stands among your templates when you begin a new mail."))
        return redirect(workspace_url(request.workspace, "mail:email", email.id))
    return render(request, "mail/keep.html", {"email": email, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("mail.change")
def drop(request: Request, email_id: UUID) -> HttpResponse:
    """Take a template away."""
    emails.drop_template(get_object_or_404(request.workspace.emails.exclude(template_name=""), id=email_id))
    messages.success(request, _("The template is gone. Mails that began with it stay."))
    return redirect(workspace_url(request.workspace, "mail:new"))


def _shown(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response
