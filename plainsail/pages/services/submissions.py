"""Accepting what visitors send: once for each post, with what they agreed to, whether it came by the edge or by web.

No puzzles: a trap field that people don't see, a look at how long after seeing the page somebody sent it, and a limit for
each place. What looks like a program's is held back, not thrown away, and staff can let it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact, FieldValue, List
from plainsail.contacts.services import consent, contacts, tags, values
from plainsail.contacts.services.consent import Proof
from plainsail.contacts.services.contacts import CUSTOM, PROFILE
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.throttle import Throttle
from plainsail.pages.events import FormSubmitted
from plainsail.pages.models import Form, Page, Submission
from plainsail.pages.services import forms
from plainsail.pages.services.questions import CAMPAIGN
from plainsail.tracking.models import Hit, Landing
from plainsail.tracking.services import visitors

TOO_FAST = timedelta(seconds=2)
"""Nobody reads a page and fills in a form in less."""
FROM_ONE_PLACE = Throttle(purpose="pages.form", limit=20)
"""So many posts of one form within an hour from one network address are people; offices and schools share one."""
CAMPAIGN_HOLDS = timedelta(days=30)
Held = Submission.Held


class UnknownForm(Refusal):
    """The form that was sent is not there any more."""

    code = "unknown_form"
    message = _("This form is not there any more.")
    status = 404


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where and by whom a form was sent: the proof that goes with a consent. `campaign` holds `utm_…` of its address."""

    path: str = ""
    variant: str = ""
    """The variant of a tested page, by its name beside the site."""
    page_id: UUID | None = None
    visitor_id: UUID | None = None
    """The number of the browser from now on, in its cookie."""
    seen_as: UUID | None = None
    """The number of a day under which its earlier looks were counted, where it had no cookie."""
    ip: str | None = None
    user_agent: str = ""
    campaign: Mapping[str, str] = field(default_factory=dict)


def take_in(row: Landing) -> None:
    """Take in a form post that the edge acknowledged and committed. Idempotent on the row's id.

    Raises InvalidSubmission or UnknownForm for one that can't be taken in: it is parked, where people see it.
    """
    form = Form.objects.filter(id=_uuid(row.payload.get("form_id"))).first()
    if form is None:
        raise UnknownForm
    visit = Visit(
        path=row.path,
        page_id=row.page_id,
        visitor_id=row.visitor_id,
        seen_as=_uuid(row.payload.get("seen_as")),
        ip=row.ip,
        user_agent=row.user_agent,
        campaign=campaign_of(row.referrer),
    )
    receive(form, row.payload.get("values") or {}, landing_id=row.id, visit=visit, at=row.at)


def campaign_of(address: str) -> dict[str, str]:
    """The `utm_…` parameters of an address; none for one that can't be read."""
    try:
        given = dict(parse_qsl(urlsplit(address).query, max_num_fields=50))
    except ValueError:
        return {}
    return {name: given[name].replace("\0", "")[:200] for name in CAMPAIGN if given.get(name)}


def receive(form: Form, values: Mapping[str, object], *, landing_id: UUID, visit: Visit, at: datetime) -> Submission:
    """Check a post against its form and accept it. Raises InvalidSubmission with what is wrong at each field."""
    return accept(form, forms.check(form, values), landing_id=landing_id, visit=visit, at=at)


@transaction.atomic
def accept(form: Form, values: dict[str, Any], *, landing_id: UUID, visit: Visit, at: datetime) -> Submission:
    """Record a form post whose values fit. Idempotent for each `landing_id`.

    What looks like a program's is held; of everything else comes a contact, with what follows.
    """
    done: Submission | None = Submission.objects.filter(landing_id=landing_id).first()
    if done is not None:
        return done
    page = page_of(visit)
    campaign = dict(visit.campaign) or _campaign_of_visitor(visit.seen_as or visit.visitor_id, at=at)
    submission: Submission = Submission.objects.create(
        landing_id=landing_id,
        form=form,
        page=page,
        form_version=form.version,
        values=values | forms.hidden(form, campaign),
        consent=form.consent,
        agreed=_agreed(form, values),
        campaign=campaign,
        held_for=_suspicion(form, page, visit, at=at),
        path=visit.path[:500],
        ip=visit.ip,
        user_agent=visit.user_agent[:400],
        at=at,
    )
    if not submission.held_for:
        _follow_up(submission, visit, at=at)
    return submission


@transaction.atomic
def let_in(submission: Submission, *, at: datetime) -> None:
    """Treat a post that was held as what it is: somebody's. Nothing happens to one that was let in before."""
    locked: Submission = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if locked.held_for:
        locked.held_for = ""
        locked.save(update_fields=["held_for"])
        _follow_up(locked, Visit(), at=at)


def discard(submission: Submission) -> None:
    """Delete a post that was held; one that was accepted stays."""
    Submission.objects.filter(pk=submission.pk).held().delete()


def _suspicion(form: Form, page: Page | None, visit: Visit, *, at: datetime) -> str:
    """Why a post looks like a program's; empty for one that doesn't."""
    if visit.ip and not FROM_ONE_PLACE.spend(f"{form.id}:{visit.ip}", at=at):
        return Held.MANY
    seen_as = visit.seen_as or visit.visitor_id
    if seen_as is None or page is None:
        return ""
    # The browser's own first look at this page: a page that is the same for everybody can't carry a time.
    looks = Hit.objects.filter(visitor_id=seen_as, page_id=page.id, kind="visit", at__lte=at)
    seen = looks.filter(at__gte=at - timedelta(days=1)).order_by("at").values_list("at", flat=True).first()
    return Held.FAST if seen is not None and at - seen < TOO_FAST else ""


def _agreed(form: Form, values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"id": box["id"], "wording": box["wording"]} for box in form.boxes if values.get(f"{forms.BOX}{box['id']}")]


def _follow_up(submission: Submission, visit: Visit, *, at: datetime) -> None:
    """The contact, their consent, tags, own fields, the browser that is theirs from now on, the event.

    The mail that asks for confirmation is sent by whoever hears of the opt-in.
    """
    form, given = submission.form, submission.values
    profile = {name: value for name, value in given.items() if name in PROFILE and value}
    contact = contacts.find_or_create(email=given["email"], source=f"form:{form.id}", at=at, fields=profile)
    _fill_in(contact, given)
    if topics := _topics(form, given):
        join = consent.ask if form.confirms else consent.join
        join(contact, topics, proof=_proof(submission), at=at)
    for tag in form.workspace.tags.filter(id__in=form.tags).order_by("id"):
        tags.add(contact, tag, at=at)
    submission.contact = contact
    submission.save(update_fields=["contact"])
    visitors.link(visit.visitor_id, contact.id, at=at)
    if visit.seen_as is not None and visit.visitor_id is not None:
        visitors.join(visit.seen_as, visit.visitor_id, contact.id, at=at)
    publish(
        FormSubmitted(
            form_id=form.id, submission_id=submission.id, page_id=submission.page_id, contact_id=contact.id, at=at
        )
    )


def _fill_in(contact: Contact, given: Mapping[str, Any]) -> None:
    """Own fields that say nothing yet: what is known of a person is not overwritten by whoever types in their address."""
    known = set(FieldValue.objects.filter(contact=contact).values_list("field__key", flat=True))
    there = values.fields_of(contact.workspace)
    wanted = {name.removeprefix(CUSTOM): value for name, value in given.items() if name.startswith(CUSTOM)}
    values.put(
        contact,
        {key: value for key, value in wanted.items() if key in there and key not in known and value not in ("", [])},
    )


def _topics(form: Form, given: Mapping[str, Any]) -> list[List]:
    """The lists that are joined: the form's own first, then those that it brings along, then those that were chosen."""
    chosen = [one for one in given.get(forms.LISTS, []) if one in form.offered_lists]
    first = [form.list] if form.list else []
    return first + [topic for topic in forms.lists_of(form, [*form.more_lists, *chosen]) if topic not in first]


def _proof(submission: Submission) -> Proof:
    said: Sequence[str] = [submission.consent, *(f"☑ {one['wording']}" for one in submission.agreed)]
    return Proof(
        wording="\n\n".join(filter(None, said)),
        source=f"form:{submission.form_id}",
        form_version=submission.form_version,
        ip=submission.ip,
        user_agent=submission.user_agent,
    )


def _campaign_of_visitor(visitor_id: UUID | None, *, at: datetime) -> dict[str, str]:
    """What the latest address said that brought this browser here. One index range."""
    if visitor_id is None:
        return {}
    visits = Hit.objects.filter(visitor_id=visitor_id, kind="visit", at__gte=at - CAMPAIGN_HOLDS, at__lte=at)
    found: dict[str, str] | None = (
        visits.exclude(campaign={}).order_by("-at").values_list("campaign", flat=True).first()
    )
    return found or {}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def page_of(visit: Visit) -> Page | None:
    """Where somebody is or sent a form from, if it is ours: of a tested page the variant that they saw. One query."""
    if visit.page_id:
        found = Page.objects.filter(id=visit.page_id)
    elif visit.variant:
        found = Page.objects.editable().filter(path=visit.variant)
    else:
        found = Page.objects.published().filter(path=visit.path) if visit.path else Page.objects.none()
    page: Page | None = found.first()
    return page
