"""What earns points, which scores have names, and one contact's score."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.models import Contact, ScoreLevel, ScoreRule
from plainsail.contacts.services import counting
from plainsail.contacts.services import scoring as services
from plainsail.contacts.sockets import SCORABLE
from plainsail.contacts.work_forms import FadeForm, LevelForm, RuleDetailsForm, RuleForm, ScoreForm
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url


@require_GET
@can("contacts.view")
def scores(request: Request) -> HttpResponse:
    """Rules, levels, fading, and how far a recount is."""
    return _all(request)


def _counts_from(event: str) -> str:
    if SCORABLE[event].is_kept:
        return _("The rule counts now, also for what happened before.")
    return _("The rule counts from now on.")


def _all(request: Request, **forms: Form) -> HttpResponse:
    scoring = request.workspace.scorings.first()
    rules = list(request.workspace.score_rules.order_by("name", "id"))
    context: dict[str, Any] = {
        "scoring": scoring,
        "rules": [(rule, SCORABLE.get(rule.event), _value(request, rule)) for rule in rules],
        "levels": request.workspace.score_levels.order_by("points", "id"),
        "rule_form": RuleForm(workspace=request.workspace),
        "level_form": LevelForm(),
        "fade_form": FadeForm(initial={"half_life_days": scoring.half_life_days if scoring else None}),
    }
    return render(request, "contacts/scores.html", context | forms, status=422 if forms else 200)


def _value(request: Request, rule: ScoreRule) -> str:
    """What a rule asks for, in words."""
    scorable = SCORABLE.get(rule.event)
    if scorable is None or scorable.choices is None:
        return rule.value
    return dict(scorable.choices(request.workspace)).get(rule.value, "…") if rule.value else ""


def _home(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "contacts:scores"))


@require_POST
@can("contacts.change")
def add_rule(request: Request) -> HttpResponse:
    """A new rule."""
    form = RuleForm(request.POST, workspace=request.workspace)
    if form.is_valid():
        try:
            services.define(at=request.now, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _counts_from(form.cleaned_data["event"]))
            return _home(request)
    return _all(request, rule_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def rule(request: Request, rule_id: UUID) -> HttpResponse:
    """What one rule gives."""
    found: ScoreRule = get_object_or_404(request.workspace.score_rules, id=rule_id)
    begin = {name: getattr(found, name) for name in RuleDetailsForm.base_fields}
    form = RuleDetailsForm(request.POST if request.method == "POST" else None, initial=begin)
    if form.is_valid():
        services.change(found, at=request.now, is_active=True, **form.cleaned_data)
        return _home(request)
    return render(request, "contacts/rule.html", {"rule": found, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def delete_rule(request: Request, rule_id: UUID) -> HttpResponse:
    """Forget a rule and what it gave."""
    services.delete(get_object_or_404(request.workspace.score_rules, id=rule_id), at=request.now)
    return _home(request)


@require_POST
@can("contacts.change")
def add_level(request: Request) -> HttpResponse:
    """A named score."""
    form = LevelForm(request.POST)
    if form.is_valid():
        try:
            services.add_level(at=request.now, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            return _home(request)
    return _all(request, level_form=form)


@require_POST
@can("contacts.change")
def delete_level(request: Request, level_id: UUID) -> HttpResponse:
    """Take a name off a score."""
    found: ScoreLevel = get_object_or_404(request.workspace.score_levels, id=level_id)
    services.delete_level(found)
    return _home(request)


@require_POST
@can("contacts.change")
def fade(request: Request) -> HttpResponse:
    """How fast points lose their worth."""
    form = FadeForm(request.POST)
    if not form.is_valid():
        return _all(request, fade_form=form)
    services.fade(at=request.now, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return _home(request)


@require_POST
@can("contacts.change")
def recount(request: Request) -> HttpResponse:
    """Count everything anew."""
    counting.start_recount(at=request.now)
    return _home(request)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.view")
def score(request: Request, contact_id: UUID) -> HttpResponse:
    """Why somebody's score is what it is; a post sets it by hand."""
    found: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    if request.method == "POST":
        return _set(request, found)
    return _why(request, found, ScoreForm(initial={"score": found.score}))


@can("contacts.change")
def _set(request: Request, found: Contact) -> HttpResponse:
    form = ScoreForm(request.POST)
    if not form.is_valid():
        return _why(request, found, form)
    services.set_by_hand(found, author=request.membership.user, at=request.now, **form.cleaned_data)
    return redirect(workspace_url(request.workspace, "contacts:score", found.id))


def _why(request: Request, found: Contact, form: ScoreForm) -> HttpResponse:
    scoring = request.workspace.scorings.first()
    half_life = scoring.half_life_days if scoring else None
    context = {
        "contact": found,
        "form": form,
        "level": queries.level_of(found),
        "earned": queries.why(found, half_life_days=half_life, at=request.now),
        "half_life": half_life,
    }
    return render(request, "contacts/score.html", context, status=422 if form.is_bound else 200)
