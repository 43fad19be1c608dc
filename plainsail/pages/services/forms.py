"""Visitors' forms: made, changed, described to the edge, shown by sections, and checked when one comes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.blocks.sockets import FormCard, FormInput, FormOption, Option
from plainsail.contacts.models import List
from plainsail.contacts.services import uses
from plainsail.kernel.addresses import public_path
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, FormVersion, Page
from plainsail.pages.services import questions
from plainsail.pages.services.questions import Question
from plainsail.pages.sockets import AFTER_FORM

HONEYPOT = "company_url"
LISTS = "lists"
"""Under this name visitors choose lists."""
BOX = "agree:"
"""What the name of a box to agree to begins with; its id follows."""
AUTOCOMPLETE = {
    "email": "email",
    "first_name": "given-name",
    "last_name": "family-name",
    "phone": "tel",
    "company": "organization",
    "street": "street-address",
    "postal_code": "postal-code",
    "city": "address-level2",
}
INPUT_KINDS = {"phone": "tel"}
"""What HTML calls a kind, where it is another word."""
PREFILLED = ("email", "first_name")
"""What a browser that is known may find filled in; nothing that a stranger with a forwarded mail couldn't know."""
SAID = ("fields", "consent", "boxes", "confirms")
"""What a version keeps: what visitors are asked and agree to."""


class InvalidSubmission(Refusal):
    """What a visitor sent doesn't fit the form; `errors` by field, `values` as they came."""

    code = "invalid_submission"
    status = 422

    def __init__(self, errors: Mapping[str, str], values: Mapping[str, Any]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors
        self.values = values


class InUse(Refusal):
    """A form that stands on a page can't be put away."""

    code = "form_in_use"
    message = gettext_lazy("This form stands on a published page. Take it off there first.")


@transaction.atomic
def make(
    workspace: Workspace,
    *,
    name: str,
    list: List | None,  # noqa: A002  # the product’s word
    consent: str = "",
    asks_first_name: bool = True,
    at: datetime,
) -> Form:
    """A form that asks for an e-mail address, and for the first name if wanted."""
    made: Form = Form.objects.create(
        workspace=workspace,
        name=name,
        list=list,
        fields=inputs(asks_first_name=asks_first_name),
        consent=consent or default_consent(workspace),
        thanks_title=_("Nearly done: look in your inbox"),
        thanks_text=_(
            "We have sent you a mail with one button in it. Press it, and you are in. "
            "If it isn’t there in a minute, look in the spam folder."
        ),
        created_at=at,
    )
    _keep_version(made, by=None, at=at)
    return made


def inputs(*, asks_first_name: bool) -> Sequence[Question]:
    """What a simple form asks for, in order."""
    return [questions.of_profile("first_name"), questions.email()] if asks_first_name else [questions.email()]


def default_consent(workspace: Workspace) -> str:
    """What a form says about consent until somebody words it otherwise."""
    return _("%(name)s will write to you by e-mail. You can unsubscribe with one click in every mail.") % {
        "name": workspace.name
    }


@transaction.atomic
def change(form: Form, *, at: datetime, by: User | None = None, **values: Any) -> Form:
    """Change a form; its version rises, so that later submissions say what they were shown."""
    for name, value in values.items():
        setattr(form, name, value)
    form.version += 1
    form.save(update_fields=[*values, "version"])
    _keep_version(form, by=by, at=at)
    return form


@transaction.atomic
def copy(form: Form, *, at: datetime) -> Form:
    """Another form that asks the same."""
    made: Form = Form.objects.get(pk=form.pk)
    made.pk, made.version, made._state.adding = Form._meta.pk.get_default(), 1, True
    made.name, made.created_at = (_("%(name)s (copy)") % {"name": form.name})[:120], at
    made.save(force_insert=True)
    _keep_version(made, by=None, at=at)
    return made


def archive(form: Form) -> None:
    """Put a form away. Raises InUse while it stands on a published page, or something else needs it."""
    if form.workspace.published_snapshots.filter(forms__has_key=str(form.id)).exists():
        raise InUse
    uses.refuse(str(form.id))
    form.is_archived = True
    form.save(update_fields=["is_archived"])


def _keep_version(form: Form, *, by: User | None, at: datetime) -> None:
    said = {name: getattr(form, name) for name in SAID}
    FormVersion.objects.create(form=form, number=form.version, by=by, at=at, **said)


def asked(form: Form, *, step: int | None = None) -> list[Question]:
    """Everything that a form asks now, or on one of its steps: its questions, then the lists to choose from and what is
    agreed to, which stand on the last step. One query for each kind of thing there is to choose from.
    """
    found = [
        one
        for one in questions.current(form.workspace, form.fields)
        if one["kind"] != "hidden" and (step is None or int(one.get("step", 1)) == step)
    ]
    if step not in (None, form.steps):
        return found
    if offered := _offered(form):
        found.append({"name": LISTS, "kind": "choices", "label": _("What would you like to get?"), "choices": offered})
    return found + [
        {"name": f"{BOX}{box['id']}", "kind": "checkbox", "label": box["wording"], "required": box["required"]}
        for box in form.boxes
    ]


def _offered(form: Form) -> list[dict[str, str]]:
    if not form.offered_lists:
        return []
    return [{"id": str(topic.id), "label": topic.name} for topic in lists_of(form, form.offered_lists)]


def lists_of(form: Form, ids: Sequence[str]) -> list[List]:
    """The lists of these ids that exist, by name."""
    return list(form.workspace.lists.filter(id__in=ids).order_by("name", "id"))


def specification(form: Form, *, thank_you: str) -> dict[str, Any]:
    """The form as the edge needs it to accept a post (see the edge's description of snapshots).

    A form of several steps is web's to take in: its specification accepts nothing.
    """
    if form.steps > 1:
        return {"version": form.version}
    with translation.override(form.workspace.locale):
        fields = [_specified(one) for one in asked(form)]
    return {"version": form.version, "thank_you": thank_you, "honeypot": HONEYPOT, "fields": fields}


def _specified(question: Question) -> dict[str, Any]:
    kept: dict[str, Any] = {key: question[key] for key in ("name", "kind", "required", "max_length") if key in question}
    if "choices" in question:
        kept["choices"] = [one["id"] for one in question["choices"]]
    return kept


def form_path(form: Form) -> str:
    """Where the form posts, and where it stands alone."""
    return public_path("pages:form", form.id)


def step_path(form: Form, key: str) -> str:
    return public_path("pages:form_step", form.id, key)


def thanks_path(form: Form) -> str:
    return public_path("pages:thanks", form.id)


def thanks_address(form: Form, *, page: Page | None = None) -> str:
    """Where somebody is led who has sent the form, from a page where that is known: on, where an area above leads them, else
    what the form says. A path of this site, or an address that was checked when it was saved.
    """
    if onward := next((path for lead in AFTER_FORM if (path := lead(form, page))), None):
        return onward
    if form.after == Form.After.PAGE and form.thanks_page is not None and form.thanks_page.is_published:
        return str(form.thanks_page.path)
    if form.after == Form.After.ADDRESS and form.thanks_url.startswith("https://"):
        return form.thanks_url
    return thanks_path(form)


def check(form: Form, values: Mapping[str, object], *, step: int | None = None) -> dict[str, Any]:
    """The values that belong to the form, or to one step of it, tidied. Raises InvalidSubmission with a message at each
    field. What the form doesn't ask is left out.
    """
    errors: dict[str, str] = {}
    wanted = asked(form, step=step)
    cleaned = {one["name"]: questions.answer(one, values.get(one["name"], ""), errors) for one in wanted}
    if errors:
        raise InvalidSubmission(errors, {one["name"]: _as_sent(values.get(one["name"], "")) for one in wanted})
    return cleaned


def hidden(form: Form, campaign: Mapping[str, str]) -> dict[str, str]:
    """The answers to hidden questions: fixed words, or what the address said that led to the page. Never what was sent."""
    return {
        one["name"]: str(campaign.get(one.get("source", ""), "") or one.get("value", ""))[:500]
        for one in questions.current(form.workspace, form.fields)
        if one["kind"] == "hidden"
    }


def _as_sent(value: object) -> Any:
    if isinstance(value, list):
        return [str(one)[:500] for one in value[:100]]
    return value if isinstance(value, bool) else str(value)[:5000]


def card(
    form: Form,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    step: int = 1,
    action: str = "",
    back: str = "",
) -> FormCard:
    """The form, or one step of it, as a section shows it; with what was sent and what is wrong with it, after a refusal."""
    values, errors = values or {}, errors or {}
    wanted = asked(form, step=step if form.steps > 1 else None)
    first_wrong = next((one["name"] for one in wanted if one["name"] in errors), "")
    is_last = step >= form.steps
    return FormCard(
        action=action or form_path(form),
        inputs=[_input(one, values, errors, has_focus=one["name"] == first_wrong) for one in wanted],
        consent=form.consent if is_last else "",
        error=errors.get("", ""),
        button="" if is_last else _("Continue"),
        progress=_("Step %(step)s of %(steps)s") % {"step": step, "steps": form.steps} if form.steps > 1 else "",
        back=back,
    )


def _input(
    question: Question, values: Mapping[str, Any], errors: Mapping[str, str], *, has_focus: bool = False
) -> FormInput:
    name, kind = str(question["name"]), str(question["kind"])
    value = values.get(name, "")
    chosen = value if isinstance(value, list) else [value]
    return FormInput(
        name=name,
        label=question["label"],
        kind=INPUT_KINDS.get(kind, kind),
        required=bool(question.get("required")),
        autocomplete=AUTOCOMPLETE.get(name, "off"),
        limit=int(question.get("max_length", 500)),
        value=value if isinstance(value, str) else ("yes" if value is True else ""),
        error=errors.get(name, ""),
        has_focus=has_focus,
        help=question.get("help", ""),
        options=[FormOption(one["id"], one["label"], one["id"] in chosen) for one in question.get("choices", [])],
    )


def options() -> list[Option]:
    """The workspace's forms, for a list to choose from."""
    return [Option(form.id, form.name) for form in Form.objects.filter(is_archived=False).order_by("name", "id")]


def sources(workspace: Workspace) -> list[tuple[str, str]]:
    """The forms by which contacts come, those put away last: what stands in `Contact.source`, and how it is said."""
    rows = workspace.forms.order_by("is_archived", "name", "id")
    return [(f"form:{form.id}", _("Form “%(name)s”") % {"name": form.name}) for form in rows]


def cards(ids: Collection[UUID]) -> dict[UUID, FormCard]:
    """Those of these forms that exist, as sections show them. One query, and a few for a form with choices."""
    return {form.id: card(form) for form in Form.objects.filter(id__in=ids).select_related("workspace")}
