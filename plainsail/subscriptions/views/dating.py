"""Pausing a contract and moving its next charge, whoever does it: what a page shows, and what pressing its button does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip
from plainsail.kernel.money import Money
from plainsail.subscriptions.forms import MoveForm, PauseForm, ResumeForm
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.services import pausing, rescheduling
from plainsail.subscriptions.views.confirming import now
from plainsail.ui.sockets import Words

A_MONTH = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One way to change a contract's dates: how its page is called, what it shows, and what pressing its button does."""

    title: Words
    form: str
    """The template that shows the form, or what happens then."""
    page: Callable[[Request, Subscription, QueryDict | None, AskedBy], dict[str, Any]]
    press: Callable[[Request, Subscription, AskedBy], Form]
    day: str = ""
    """The field with the day, once one was chosen."""
    unclear: Words


def answer(
    request: Request, contract: Subscription, change: Change, *, by: AskedBy, template: str, done: str, back: str
) -> HttpResponse:
    """The page of a change; pressed, what became of it. Whoever has done it goes `back`, where `done` is said."""
    pressed = change.press(request, contract, by) if request.method == "POST" else None
    if pressed is not None and not pressed.errors:
        messages.success(request, done)
        return redirect(back)
    if pressed is not None:
        messages.error(request, fault(pressed, str(change.unclear)))
    data = request.GET if pressed is None else request.POST
    context = change.page(request, contract, data if change.day in data else None, by)
    context |= {"page_title": change.title, "form_template": change.form}
    return render(request, template, context, status=200 if pressed is None else 422)


def trace_of(request: Request) -> Trace:
    """Whence a customer agreed."""
    return Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))


def pause_page(request: Request, contract: Subscription, data: QueryDict | None, by: AskedBy) -> dict[str, Any]:
    """A form for the day, and once it is sent what happens then; or why the contract can't rest. Changes nothing."""
    context: dict[str, Any] = {"subscription": contract, "by_customer": by == AskedBy.CUSTOMER}
    try:
        foreseen = pausing.outlook(contract, by=by, at=now(request))
    except Refusal as refusal:
        return context | {"refusal": str(refusal)}
    initial = {"resumes_on": min(foreseen.begins_on + A_MONTH, foreseen.last_on) if foreseen.needs_day else None}
    form = PauseForm(data, initial=initial)
    shown = pause_shown(request, contract, form, by=by) if form.is_valid() else {}
    return context | {"form": form, "outlook": foreseen} | shown


def pause_shown(request: Request, contract: Subscription, form: PauseForm, *, by: AskedBy) -> dict[str, Any]:
    """What a pause until the day that was chosen means, and the words that are agreed to."""
    at, day = now(request), form.cleaned_data["resumes_on"]
    try:
        rest = pausing.foresee(contract, resumes_on=day, by=by, at=at)
    except Refusal as refusal:
        form.add_error("resumes_on", str(refusal))
        return {}
    seller = sellers.of_workspace(at=at).legal_name
    return {"rest": rest, "consent": pausing.consent_text(contract, rest, seller=seller)}


def press_pause(request: Request, contract: Subscription, by: AskedBy) -> PauseForm:
    """Pause as it was shown. The form says what is wrong if it can't be done."""
    form = PauseForm(request.POST)
    if form.is_valid():
        minor, day = form.cleaned_data["shown"], form.cleaned_data["resumes_on"]
        shown = Money(minor, contract.currency) if minor is not None else None
        trace = trace_of(request) if by == AskedBy.CUSTOMER else None
        try:
            pausing.pause(contract, by=by, resumes_on=day, shown=shown, trace=trace, at=now(request))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return form


def resume_page(request: Request, contract: Subscription) -> dict[str, Any]:
    """What going on costs now. Changes nothing."""
    context: dict[str, Any] = {"subscription": contract}
    try:
        return context | {"resumption": pausing.preview(contract, at=now(request))}
    except Refusal as refusal:
        return context | {"refusal": str(refusal)}


def press_resume(request: Request, contract: Subscription) -> ResumeForm:
    form = ResumeForm(request.POST)
    if form.is_valid():
        try:
            pausing.resume(contract, shown=Money(form.cleaned_data["shown"], contract.currency), at=now(request))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return form


def move_page(request: Request, contract: Subscription, data: QueryDict | None, by: AskedBy) -> dict[str, Any]:
    """A form for the day, and once it is sent what that means; or why the charge can't be moved. Changes nothing."""
    context: dict[str, Any] = {"subscription": contract, "by_customer": by == AskedBy.CUSTOMER}
    try:
        first_on, last_on = rescheduling.window(contract, by=by, at=now(request))
    except Refusal as refusal:
        return context | {"refusal": str(refusal)}
    form = MoveForm(data)
    shown = move_shown(request, contract, form, by=by) if form.is_valid() else {}
    return context | {"form": form, "first_on": first_on, "last_on": last_on} | shown


def move_shown(request: Request, contract: Subscription, form: MoveForm, *, by: AskedBy) -> dict[str, Any]:
    """What moving to the day that was chosen means, and the words that are agreed to."""
    at, wanted = now(request), form.cleaned_data
    try:
        move = rescheduling.preview(contract, wanted["to_on"], days=wanted["days"], by=by, at=at)
    except Refusal as refusal:
        form.add_error("to_on", str(refusal))
        return {}
    seller = sellers.of_workspace(at=at).legal_name
    return {"move": move, "consent": rescheduling.consent_text(contract, move, seller=seller)}


def press_move(request: Request, contract: Subscription, by: AskedBy) -> MoveForm:
    """Move as it was shown."""
    form = MoveForm(request.POST)
    if form.is_valid():
        wanted, trace = form.cleaned_data, trace_of(request) if by == AskedBy.CUSTOMER else None
        to_on, days, shown = wanted["to_on"], wanted["days"], wanted["shown"]
        try:
            rescheduling.move(contract, to_on, days=days, shown=shown, by=by, trace=trace, at=now(request))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return form


def fault(form: Form, otherwise: str) -> str:
    """What a form says is wrong with all of it."""
    return " ".join(str(words) for words in form.non_field_errors()) or otherwise


PAUSE = Change(
    title=_("Pause the contract"),
    form="subscriptions/pause_form.html",
    page=pause_page,
    press=press_pause,
    day="resumes_on",
    unclear=_("Please look at what you entered."),
)
RESUME = Change(
    title=_("End the pause"),
    form="subscriptions/resume_form.html",
    page=lambda request, contract, _data, _by: resume_page(request, contract),
    press=lambda request, contract, _by: press_resume(request, contract),
    unclear=_("Please look at the amount once more."),
)
MOVE = Change(
    title=_("Move the next charge"),
    form="subscriptions/move_form.html",
    page=move_page,
    press=press_move,
    day="to_on",
    unclear=_("Please look at what you entered."),
)
