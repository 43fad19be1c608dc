"""Pausing a contract and moving its next charge, whoever does it: what a page shows, and what pressing its button does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.forms import Form
from django.http import QueryDict

from plainsail.commerce.services import sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip
from plainsail.kernel.money import Money
from plainsail.subscriptions.forms import MoveForm, PauseForm, ResumeForm
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.services import pausing, rescheduling
from plainsail.subscriptions.views.confirming import now

A_MONTH = timedelta(days=30)


def trace_of(request: Request) -> Trace:
    """Whence a customer agreed."""
    return Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))


def pause_page(request: Request, contract: Subscription, data: QueryDict | None, *, by: AskedBy) -> dict[str, Any]:
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


def press_pause(request: Request, contract: Subscription, *, by: AskedBy) -> PauseForm:
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


def move_page(request: Request, contract: Subscription, data: QueryDict | None, *, by: AskedBy) -> dict[str, Any]:
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


def press_move(request: Request, contract: Subscription, *, by: AskedBy) -> MoveForm:
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
