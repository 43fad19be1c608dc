"""Visitors' forms: made, changed, described to the edge, and checked when one comes back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.blocks.sockets import FormCard, FormInput, Option
from plainsail.contacts.models import List
from plainsail.contacts.services import addresses
from plainsail.kernel.addresses import public_path
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form
from plainsail.pages.sockets import AFTER_FORM

FieldSpecifications = list[dict[str, Any]]

HONEYPOT = "company_url"
AUTOCOMPLETE = {"email": "email", "first_name": "given-name", "last_name": "family-name", "phone": "tel"}
INPUT_KINDS = {"email": "email", "phone": "tel", "checkbox": "checkbox"}
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class InvalidSubmission(Refusal):
    """What a visitor sent doesn't fit the form; `errors` by field, `values` as they came."""

    code = "invalid_submission"
    status = 422

    def __init__(self, errors: Mapping[str, str], values: Mapping[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors
        self.values = values


def make(
    workspace: Workspace,
    *,
    name: str,
    list: List,  # noqa: A002  # the product’s word
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
    return made


def inputs(*, asks_first_name: bool) -> FieldSpecifications:
    """What a form asks for, in order."""
    first_name = {"name": "first_name", "kind": "text", "label": _("First name"), "required": False, "max_length": 100}
    email = {"name": "email", "kind": "email", "label": _("E-mail address"), "required": True, "max_length": 254}
    return [first_name, email] if asks_first_name else [email]


def asks_first_name(form: Form) -> bool:
    return any(field["name"] == "first_name" for field in form.fields)


def default_consent(workspace: Workspace) -> str:
    """What a form says about consent until somebody words it otherwise."""
    return _("%(name)s will write to you by e-mail. You can unsubscribe with one click in every mail.") % {
        "name": workspace.name
    }


def change(form: Form, *, asks_first_name: bool | None = None, **values: Any) -> Form:
    """Change a form; its version rises, so that later submissions say what they were shown."""
    if asks_first_name is not None:
        values["fields"] = inputs(asks_first_name=asks_first_name)
    for name, value in values.items():
        setattr(form, name, value)
    form.version += 1
    form.save(update_fields=[*values, "version"])
    return form


def specification(form: Form, *, thank_you: str) -> dict[str, Any]:
    """The form as the edge needs it to accept a post (see the edge's description of snapshots)."""
    fields = [{key: value for key, value in field.items() if key != "label"} for field in form.fields]
    return {"version": form.version, "thank_you": thank_you, "honeypot": HONEYPOT, "fields": fields}


def thanks_path(form: Form) -> str:
    """Where its sender goes: on, where an area above leads them, else to the form's own thanks."""
    onward = next((path for lead in AFTER_FORM if (path := lead(form))), None)
    return onward or public_path("pages:thanks", form.id)


def check(form: Form, values: Mapping[str, object]) -> dict[str, Any]:
    """The values that belong to the form, tidied. Raises InvalidSubmission with a message at each field."""
    errors: dict[str, str] = {}
    cleaned: dict[str, Any] = {}
    for field in form.fields:
        name = field["name"]
        cleaned[name] = _check_field(field, values.get(name, ""), errors)
    if errors:
        came = {field["name"]: str(values.get(field["name"], ""))[:500] for field in form.fields}
        raise InvalidSubmission(errors, came)
    return cleaned


def card(form: Form, *, values: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None) -> FormCard:
    """The form as a section shows it; with what was sent and what is wrong with it, after a refusal."""
    values, errors = values or {}, errors or {}
    first_wrong = next((field["name"] for field in form.fields if field["name"] in errors), "")
    inputs = [
        FormInput(
            name=field["name"],
            label=field["label"],
            kind=INPUT_KINDS.get(field["kind"], "text"),
            required=bool(field.get("required")),
            autocomplete=AUTOCOMPLETE.get(field["name"], "off"),
            limit=int(field.get("max_length", 500)),
            value=values.get(field["name"], ""),
            error=errors.get(field["name"], ""),
            has_focus=field["name"] == first_wrong,
        )
        for field in form.fields
    ]
    action = public_path("pages:form", form.id)
    return FormCard(action=action, inputs=inputs, consent=form.consent, error=errors.get("", ""))


def options() -> list[Option]:
    """The workspace's forms, for a list to choose from."""
    return [Option(form.id, form.name) for form in Form.objects.filter(is_archived=False).order_by("name", "id")]


def cards(ids: Collection[UUID]) -> dict[UUID, FormCard]:
    """Those of these forms that exist, as sections show them. One query."""
    return {form.id: card(form) for form in Form.objects.filter(id__in=ids)}


def _check_field(field: Mapping[str, Any], value: object, errors: dict[str, str]) -> Any:
    name, limit = field["name"], int(field.get("max_length", 500))
    if field["kind"] == "checkbox":
        if field.get("required") and not value:
            errors[name] = _("Please tick this to go on.")
        return bool(value)
    words = UNPRINTABLE.sub("", value if isinstance(value, str) else "").strip()
    if field.get("required") and not words:
        errors[name] = _("Please fill this in.")
    elif len(words) > limit:
        errors[name] = _("At most %(limit)s characters, please.") % {"limit": limit}
    elif field["kind"] == "email" and words and not _is_address(words):
        errors[name] = _("This doesn’t look like an e-mail address. Is there an @ and a dot in it?")
    return words


def _is_address(words: str) -> bool:
    try:
        addresses.normalise(words)
    except addresses.BadAddress:
        return False
    return True
