"""Checking a broadcast, sending it, stopping it, and watching it leave."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail import queries
from plainsail.mail.domain_forms import OverrideForm
from plainsail.mail.forms import DepartureForm, TestForm
from plainsail.mail.models import Broadcast
from plainsail.mail.services import audience, broadcasts, checks, gate, inspecting, previews, variants, zones
from plainsail.mail.services.checks import Check
from plainsail.mail.services.variants import NotTestable
from plainsail.mail.views.broadcasts import find, report, steps


@require_GET
@can("mail.view")
def check(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    if found.is_variant:
        return redirect(workspace_url(request.workspace, "mail:testing", found.test_of_id))
    if not found.is_draft:
        return redirect(workspace_url(request.workspace, "mail:broadcast", found.id))
    return _check_page(request, found, DepartureForm(zone=request.workspace.timezone, initial={"when": "now"}))


@require_POST
@can("mail.change")
def inspection(request: Request, broadcast_id: UUID) -> HttpResponse:
    """Have the mail as it is now looked at from outside: links, pictures, spam."""
    found = find(request, broadcast_id)
    inspecting.ask(found.email)
    return redirect(workspace_url(request.workspace, "mail:check", found.id))


@require_POST
@can("mail.send")
def departure(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    form = DepartureForm(request.POST, zone=request.workspace.timezone)
    if not form.is_valid() or not queries.has_worker(at=request.now):
        return _check_page(request, found, form, status=422)
    if form.is_local and not form.cleaned_data["is_seen"]:
        return _check_page(request, found, form, spread=_spread(request, found, form))
    try:
        _let_go(request, found, form)
    except (broadcasts.InThePast, broadcasts.NotReady, NotTestable) as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _check_page(request, found, form, status=422)
    return redirect(workspace_url(request.workspace, "mail:broadcast", found.id))


def _let_go(request: Request, found: Broadcast, form: DepartureForm) -> None:
    """Release a broadcast as the form says. Raises NotADraft, NotReady, NotTestable, InThePast."""
    if form.is_local:
        wall, rule = form.cleaned_data["local_at"], form.cleaned_data["when_passed"]
        broadcasts.schedule_locally(found, wall=wall, when_passed=rule, at=request.now)
    elif form.is_later:
        broadcasts.schedule(found, departs_at=form.cleaned_data["departs_at"], at=request.now)
    else:
        broadcasts.send_now(found, at=request.now)


@require_POST
@can("mail.send")
def test(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    form = TestForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _check_page(request, found, DepartureForm(zone=request.workspace.timezone), test=form, status=422)
    whom = {"topic": found.list, "sender": found.sender}
    previews.send_tests(found.email, request.workspace, at=request.now, **whom, **form.cleaned_data)
    messages.success(request, _("A test is on its way to %(to)s.") % {"to": ", ".join(form.cleaned_data["to"])})
    return redirect(workspace_url(request.workspace, "mail:check", found.id))


@require_POST
@can("mail.send")
def stop(request: Request, broadcast_id: UUID) -> HttpResponse:
    stopped = broadcasts.stop(find(request, broadcast_id), at=request.now)
    if stopped.is_draft:
        messages.success(request, _("Stopped in time: nothing was sent. It is a draft again."))
        return redirect(workspace_url(request.workspace, "mail:check", stopped.id))
    messages.success(request, _("Stopped. What had not left by now never will."))
    return redirect(workspace_url(request.workspace, "mail:broadcast", stopped.id))


@require_POST
@can("mail.send")
def pause(request: Request, broadcast_id: UUID) -> HttpResponse:
    broadcasts.pause(find(request, broadcast_id), at=request.now)
    messages.success(request, _("Paused. Nothing more leaves until you go on."))
    return redirect(workspace_url(request.workspace, "mail:broadcast", broadcast_id))


@require_POST
@can("mail.send")
def continuation(request: Request, broadcast_id: UUID) -> HttpResponse:
    broadcasts.go_on(find(request, broadcast_id), at=request.now)
    messages.success(request, _("It goes on where it was paused."))
    return redirect(workspace_url(request.workspace, "mail:broadcast", broadcast_id))


@require_GET
@can("mail.view")
def progress(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    response = render(request, "mail/broadcast.html#progress", report(request, found))
    if not found.can_be_stopped:
        # The numbers are final: show the page of the report.
        response["HX-Refresh"] = "true"
    return response


@require_POST
@can("mail.send")
def resend(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    again = broadcasts.resend_uncertain(found, at=request.now)
    text = ngettext("%(again)s message goes out again.", "%(again)s messages go out again.", again)
    messages.success(request, text % {"again": again})
    return redirect(workspace_url(request.workspace, "mail:broadcast", found.id))


@require_POST
@can("mail.send")
def resume(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    broadcasts.resume_sender(found, at=request.now)
    messages.success(request, _("The sender may write again. What waits goes out now."))
    return redirect(workspace_url(request.workspace, "mail:broadcast", found.id))


@require_POST
@can("mail.change")
def repetition(request: Request, broadcast_id: UUID) -> HttpResponse:
    """A draft for those who neither opened nor clicked."""
    made = broadcasts.repeat(find(request, broadcast_id), at=request.now)
    messages.success(request, _("A draft for those who neither opened nor clicked. Give it another subject."))
    return redirect(workspace_url(request.workspace, "mail:email", made.email_id))


def _spread(request: Request, found: Broadcast, form: DepartureForm) -> zones.Spread | None:
    """What a time on the readers' clocks means for how many of them."""
    if found.list is None:
        return None
    wall, rule = form.cleaned_data["local_at"], form.cleaned_data["when_passed"]
    next_day = rule == Broadcast.WhenPassed.NEXT_DAY
    people = audience.of(found, at=request.now)
    at = request.now + broadcasts.HOLD
    return zones.spread(people, wall, home=request.workspace.timezone, at=at, next_day=next_day)


def _check_page(
    request: Request,
    found: Broadcast,
    form: DepartureForm,
    *,
    test: TestForm | None = None,
    spread: zones.Spread | None = None,
    status: int = 200,
) -> HttpResponse:
    context = check_context(request, found, form) | {"spread": spread} | ({"test": test} if test else {})
    return render(request, "mail/check.html", context, status=status)


def check_context(request: Request, found: Broadcast, form: DepartureForm) -> dict[str, object]:
    """What the page shows that looks a broadcast over."""
    looked_at = _looked_at(request, found)
    return {
        "broadcast": found,
        "checks": looked_at,
        "is_ready": checks.is_ready(looked_at),
        "form": form,
        "variants": variants.listed(found) if found.is_test else [],
        "inspection": inspecting.inspection_of(found.email),
        "test": TestForm(initial={"to": getattr(request.user, "email", "")}, workspace=request.workspace),
        "override": OverrideForm() if gate.stands_in_the_way(found) else None,
        "steps": steps(),
    }


def _looked_at(request: Request, found: Broadcast) -> list[Check]:
    """Everything that was looked at, what must be mended first."""
    looked_at = checks.review(found, at=request.now)
    if not queries.has_worker(at=request.now):
        text = _("The worker that sends mail is not running on this installation. Ask whoever operates it.")
        looked_at.append(Check("bad", _("Nothing can be sent right now"), text))
    return sorted(looked_at, key=lambda one: ("bad", "warn", "good").index(one.tone))
