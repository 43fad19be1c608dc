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
    at = now(request)
    context: dict[str, Any] = {"subscription": contract, "by_customer": by == AskedBy.CUSTOMER}
    try:
        foreseen = pausing.outlook(contract, by=by, at=at)
    except Refusal as refusal:
        return context | {"refusal": str(refusal)}
    initial = {"resumes_on": min(foreseen.begins_on + A_MONTH, foreseen.last_on) if foreseen.needs_day else None}
    form = PauseForm(data, initial=initial)
    context |= {"form": form, "outlook": foreseen}
    if form.is_valid():
        try:
            rest = pausing.foresee(contract, resumes_on=form.cleaned_data["resumes_on"], by=by, at=at)
        except Refusal as refusal:
            form.add_error("resumes_on", str(refusal))
        else:
            seller = sellers.of_workspace(at=at).legal_name
            context |= {"rest": rest, "consent": pausing.consent_text(contract, rest, seller=seller)}
    return context


def press_pause(request: Request, contract: Subscription, *, by: AskedBy) -> PauseForm:
    """Pause as it was shown. The form says what is wrong if it can't be done."""
    form = PauseForm(request.POST)
    if form.is_valid():
        minor = form.cleaned_data["shown"]
        try:
            pausing.pause(
                contract,
                by=by,
                resumes_on=form.cleaned_data["resumes_on"],
                shown=Money(minor, contract.currency) if minor is not None else None,
                trace=trace_of(request) if by == AskedBy.CUSTOMER else None,
                at=now(request),
            )
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
    at = now(request)
    context: dict[str, Any] = {"subscription": contract, "by_customer": by == AskedBy.CUSTOMER}
    try:
        first_on, last_on = rescheduling.window(contract, by=by, at=at)
    except Refusal as refusal:
        return context | {"refusal": str(refusal)}
    form = MoveForm(data)
    context |= {"form": form, "first_on": first_on, "last_on": last_on}
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            move = rescheduling.preview(contract, wanted["to_on"], days=wanted["days"], by=by, at=at)
        except Refusal as refusal:
            form.add_error("to_on", str(refusal))
        else:
            seller = sellers.of_workspace(at=at).legal_name
            context |= {"move": move, "consent": rescheduling.consent_text(contract, move, seller=seller)}
    return context


def press_move(request: Request, contract: Subscription, *, by: AskedBy) -> MoveForm:
    """Move as it was shown."""
    form = MoveForm(request.POST)
    if form.is_valid():
        try:
            rescheduling.move(
                contract,
                form.cleaned_data["to_on"],
                days=form.cleaned_data["days"],
                shown=form.cleaned_data["shown"],
                by=by,
                trace=trace_of(request) if by == AskedBy.CUSTOMER else None,
                at=now(request),
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return form


def fault(form: Form, otherwise: str) -> str:
    """What a form says is wrong with all of it."""
    return " ".join(str(words) for words in form.non_field_errors()) or otherwise
