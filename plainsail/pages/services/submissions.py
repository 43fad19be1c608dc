"""Accepting what visitors send: once for each post, with the consent they gave, whether it came by the edge or by web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.contacts.services import consent
from plainsail.contacts.services.contacts import PROFILE
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.pages.events import FormSubmitted
from plainsail.pages.models import Form, Page, Submission
from plainsail.pages.services import forms
from plainsail.tracking.models import Landing
from plainsail.tracking.services import visitors


class UnknownForm(Refusal):
    """The form that was sent is not there any more."""

    code = "unknown_form"
    message = _("This form is not there any more.")
    status = 404


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where and by whom a form was sent: the proof that goes with a consent."""

    path: str = ""
    page_id: UUID | None = None
    visitor_id: UUID | None = None
    ip: str | None = None
    user_agent: str = ""


def take_in(row: Landing) -> None:
    """Take in a form post that the edge acknowledged and committed. Idempotent on the row's id.

    Raises InvalidSubmission or UnknownForm for one that can't be taken in: it is parked, where people see it.
    """
    form = Form.objects.filter(id=_uuid(row.payload.get("form_id"))).first()
    if form is None:
        raise UnknownForm
    visit = Visit(path=row.path, page_id=row.page_id, visitor_id=row.visitor_id, ip=row.ip, user_agent=row.user_agent)
    receive(form, row.payload.get("values") or {}, landing_id=row.id, visit=visit, at=row.at)


def receive(form: Form, values: Mapping[str, object], *, landing_id: UUID, visit: Visit, at: datetime) -> Submission:
    """Check a post against its form and accept it. Raises InvalidSubmission with what is wrong at each field."""
    return accept(form, forms.check(form, values), landing_id=landing_id, visit=visit, at=at)


def accept(form: Form, values: dict[str, Any], *, landing_id: UUID, visit: Visit, at: datetime) -> Submission:
    """Record a form post whose values fit: the contact, its pending consent to the form's list, the submission, the event.

    Idempotent for each `landing_id`. The mail that asks for confirmation is sent by whoever hears of the opt-in.
    """
    done: Submission | None = Submission.objects.filter(landing_id=landing_id).first()
    if done is not None:
        return done
    page = _page(visit)
    contact = consent.opt_in(
        form.workspace,
        email=values["email"],
        list=form.list,
        wording=form.consent,
        fields={name: value for name, value in values.items() if name in PROFILE and value},
        source=f"form:{form.id}",
        form_version=form.version,
        ip=visit.ip,
        user_agent=visit.user_agent,
        at=at,
    )
    submission: Submission = Submission.objects.create(
        landing_id=landing_id,
        form=form,
        page=page,
        contact=contact,
        form_version=form.version,
        values=values,
        consent=form.consent,
        path=visit.path[:500],
        ip=visit.ip,
        user_agent=visit.user_agent[:400],
        at=at,
    )
    visitors.link(visit.visitor_id, contact.id, at=at)
    publish(
        FormSubmitted(
            form_id=form.id,
            submission_id=submission.id,
            page_id=page.id if page else None,
            contact_id=contact.id,
            at=at,
        )
    )
    return submission


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _page(visit: Visit) -> Page | None:
    if not (visit.page_id or visit.path):
        return None
    pages = Page.objects.filter(id=visit.page_id) if visit.page_id else Page.objects.published().filter(path=visit.path)
    page: Page | None = pages.first()
    return page
