"""What a form asks: the kinds of question, where answers go, and whether an answer fits. Never saves.

A question's `name` says where its answer goes: a name of the contact's profile (`first_name`), `field:<key>` for a field
of the business's own, `ask:<id>` for what is only kept with the submission.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.contacts.models import MILLION, CustomField
from plainsail.contacts.services import addresses, values
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

Question = dict[str, Any]

ASKED = "ask:"
"""What the name of a question begins with whose answer is only kept with the submission."""
MOST = 60
MOST_CHOICES = 100
MOST_STEPS = 10
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
PHONE = re.compile(r"\+?[0-9 ()/.-]{3,40}")
CHOOSING = frozenset({"choice", "choices"})

KINDS = {
    "text": gettext_lazy("One line of text"),
    "textarea": gettext_lazy("Long text"),
    "email": gettext_lazy("E-mail address"),
    "phone": gettext_lazy("Phone number"),
    "number": gettext_lazy("Number"),
    "date": gettext_lazy("Date"),
    "choice": gettext_lazy("One choice"),
    "choices": gettext_lazy("Several choices"),
    "checkbox": gettext_lazy("Yes or no"),
    "hidden": gettext_lazy("Hidden"),
}
LIMITS = {"textarea": 5000, "email": 254, "phone": 40, "number": 30, "date": 10}
PROFILE = {
    "first_name": ("text", gettext_lazy("First name"), 100),
    "last_name": ("text", gettext_lazy("Last name"), 100),
    "phone": ("phone", gettext_lazy("Phone"), 40),
    "company": ("text", gettext_lazy("Company"), 150),
    "street": ("text", gettext_lazy("Street"), 200),
    "postal_code": ("text", gettext_lazy("Postal code"), 20),
    "city": ("text", gettext_lazy("City"), 100),
}
KIND_OF_FIELD = {
    CustomField.Kind.TEXT: "text",
    CustomField.Kind.LONG_TEXT: "textarea",
    CustomField.Kind.NUMBER: "number",
    CustomField.Kind.DATE: "date",
    CustomField.Kind.CHOICE: "choice",
    CustomField.Kind.CHOICES: "choices",
    CustomField.Kind.YES_NO: "checkbox",
}
CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
"""What a hidden question may take from the address that led to the page."""


def email() -> Question:
    """The one question that every form has."""
    return {"name": "email", "kind": "email", "label": _("E-mail address"), "required": True, "max_length": 254}


def of_profile(name: str) -> Question:
    """The question for a part of the contact's profile. Raises KeyError for one that isn't asked for."""
    kind, label, limit = PROFILE[name]
    return {"name": name, "kind": kind, "label": str(label), "required": False, "max_length": limit}


def of_field(field: CustomField) -> Question:
    """The question for a fact that the business keeps of its contacts."""
    kind = KIND_OF_FIELD[CustomField.Kind(field.kind)]
    made: Question = {"name": f"{CUSTOM}{field.key}", "kind": kind, "label": field.label, "required": False}
    if field.hint:
        made["help"] = field.hint
    return _bounded(made, choices=field.choices)


def own(kind: str) -> Question:
    """A new question whose answer is kept with the submission alone. Raises KeyError for a kind that isn't."""
    made: Question = {
        "name": f"{ASKED}{new_id().hex[-10:]}",
        "kind": kind,
        "label": str(KINDS[kind]),
        "required": False,
    }
    examples = [{"id": new_id().hex[-10:], "label": words} for words in (_("First choice"), _("Second choice"))]
    return _bounded(made, choices=examples)


def _bounded(question: Question, *, choices: Sequence[Mapping[str, str]]) -> Question:
    if question["kind"] in CHOOSING:
        question["choices"] = [dict(one) for one in choices]
    else:
        question["max_length"] = LIMITS.get(question["kind"], 500)
    return question


def is_fixed(question: Question) -> bool:
    """Whether its kind and choices are given by where its answer goes."""
    return not question["name"].startswith(ASKED)


def current(workspace: Workspace, questions: Sequence[Question]) -> list[Question]:
    """The questions as they can be asked now: a field's choices as they are, none for a field that is put away.

    A query where any of them is about a field of the business's own.
    """
    if not any(one["name"].startswith(CUSTOM) for one in questions):
        return [dict(one) for one in questions]
    fields = values.fields_of(workspace)
    found: list[Question] = []
    for one in questions:
        field = fields.get(one["name"].removeprefix(CUSTOM)) if one["name"].startswith(CUSTOM) else None
        if field is not None:
            found.append(
                {**one, **{key: of_field(field)[key] for key in ("kind", "choices") if key in of_field(field)}}
            )
        elif not one["name"].startswith(CUSTOM):
            found.append(dict(one))
    return found


def answer(question: Question, given: object, errors: dict[str, str]) -> Any:
    """The tidied answer to one question; what is wrong with it goes to `errors` under the question's name.

    `given` is a word, a list of words, or a truth value. Text, phone, e-mail and the ids of choices come back as str, a
    number as a plain decimal, a date as ISO 8601, several choices as a list of ids, yes and no as a bool.
    """
    kind = question["kind"]
    if kind == "checkbox":
        return _ticked(question, given, errors)
    if kind == "choices":
        return _chosen(question, given, errors)
    words = UNPRINTABLE.sub("", _one(given)).replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind != "textarea":
        words = " ".join(words.split())
    if not words:
        if question.get("required"):
            errors[question["name"]] = _("Please choose one.") if kind == "choice" else _("Please fill this in.")
        return ""
    limit = int(question.get("max_length", LIMITS.get(kind, 500)))
    if len(words) > limit:
        errors[question["name"]] = _("At most %(limit)s characters, please.") % {"limit": limit}
    elif refused := _refused(question, words):
        errors[question["name"]] = refused
    elif kind == "number":
        return _decimal(words)
    return words


def _one(given: object) -> str:
    return given if isinstance(given, str) else ""


def _ticked(question: Question, given: object, errors: dict[str, str]) -> bool:
    is_ticked = given is True or (bool(_one(given).strip()) and _one(given).lower() not in values.NO)
    if question.get("required") and not is_ticked:
        errors[question["name"]] = _("Please tick this to go on.")
    return is_ticked


def _chosen(question: Question, given: object, errors: dict[str, str]) -> list[str]:
    asked = given if isinstance(given, list) else [given]
    wanted = list(dict.fromkeys(one.strip() for one in asked if isinstance(one, str) and one.strip()))
    if set(wanted) - _ids(question):
        errors[question["name"]] = _("Please choose among what is offered.")
        return []
    if question.get("required") and not wanted:
        errors[question["name"]] = _("Please choose at least one.")
    return wanted


def _refused(question: Question, words: str) -> str:
    """What is wrong with an answer; nothing where it fits."""
    match question["kind"]:
        case "email" if not _is_address(words):
            return _("This doesn’t look like an e-mail address. Is there an @ and a dot in it?")
        case "phone" if not PHONE.fullmatch(words):
            return _("This doesn’t look like a phone number. Digits, spaces and a + at the beginning are fine.")
        case "number" if not _decimal(words):
            return _("This must be a number, such as 12 or 12.5.")
        case "date" if not _is_day(words):
            return _("This must be a date, such as 2026-03-09.")
        case "choice" if words not in _ids(question):
            return _("Please choose among what is offered.")
    return ""


def _ids(question: Question) -> set[str]:
    return {one["id"] for one in question.get("choices", [])}


def _is_address(words: str) -> bool:
    try:
        addresses.normalise(words)
    except addresses.BadAddress:
        return False
    return True


def _decimal(words: str) -> str:
    """A number as it is kept: a point before the decimals; empty for none. A comma is understood where it stands alone."""
    plain = words.replace(",", ".") if words.count(",") == 1 and "." not in words else words
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return ""
    in_bounds = number.is_finite() and abs(number) <= values.LARGEST_NUMBER
    if not in_bounds or number * MILLION != (number * MILLION).to_integral_value():
        return ""
    return f"{number.normalize():f}"


def _is_day(words: str) -> bool:
    try:
        return len(words) == 10 and date.fromisoformat(words).year > 1000
    except ValueError:
        return False


def said(question: Question, value: Any) -> str:
    """An answer in words, for lists and files."""
    labels = {one["id"]: one["label"] for one in question.get("choices", [])}
    if question["kind"] == "choices":
        return ", ".join(labels.get(one, one) for one in value or [])
    if question["kind"] == "choice":
        return str(labels.get(value, value or ""))
    if question["kind"] == "checkbox":
        return _("Yes") if value else _("No")
    return str(value or "")
