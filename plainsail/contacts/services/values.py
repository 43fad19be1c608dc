"""What custom fields say of contacts: from what somebody gave to what is stored, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.contacts.models import MILLION, Contact, CustomField, FieldValue
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

Kind = CustomField.Kind

LONGEST_TEXT = 500
LONGEST_LONG_TEXT = 20_000
LARGEST_NUMBER = 9_000_000_000_000
YES = frozenset({"yes", "true", "1", "on"})
NO = frozenset({"no", "false", "0", "off"})


class UnknownField(Refusal):
    """A field that contacts don't have: refused, never ignored."""

    code = "unknown_field"
    status = 422


class BadValue(Refusal):
    """A custom field can't hold what was given."""

    code = "bad_value"
    status = 422


class Stored(NamedTuple):
    """The columns of one row of FieldValue."""

    text: str = ""
    long_text: str = ""
    number: int | None = None
    date: date | None = None


def parse(field: CustomField, given: Any) -> list[Stored]:
    """The rows that hold what was given; none for an empty value. Raises BadValue, which names the field.

    A text is at most 500 characters, a long one 20,000; a number has at most six decimals; a date is a `date` or ISO 8601;
    a choice is an id or a label, several are a list of them; yes and no are a bool or a word for one.
    """
    if given is None or given in ("", []):
        return []
    try:
        return _PARSERS[field.kind](field, given)
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        raise BadValue(_EXPECTED[field.kind](field), field=field.key) from None


def _text(field: CustomField, given: Any) -> list[Stored]:
    text = _words(given)
    if len(text) > LONGEST_TEXT:
        raise ValueError
    return [Stored(text=text)] if text else []


def _long_text(field: CustomField, given: Any) -> list[Stored]:
    text = _words(given)
    if len(text) > LONGEST_LONG_TEXT:
        raise ValueError
    return [Stored(long_text=text)] if text else []


def _words(given: Any) -> str:
    if not isinstance(given, str | int | float | Decimal) or isinstance(given, bool):
        raise TypeError
    # PostgreSQL stores no NUL in text.
    return str(given).replace("\0", "").strip()


def _number(field: CustomField, given: Any) -> list[Stored]:
    if isinstance(given, bool):
        raise TypeError
    exact = Decimal(str(given).strip())
    millionths = exact * MILLION
    if not exact.is_finite() or abs(exact) > LARGEST_NUMBER or millionths != millionths.to_integral_value():
        raise ValueError
    return [Stored(number=int(millionths))]


def _date(field: CustomField, given: Any) -> list[Stored]:
    return [Stored(date=given if type(given) is date else date.fromisoformat(given.strip()))]


def _choice(field: CustomField, given: Any) -> list[Stored]:
    return [Stored(text=_choice_id(field, given))]


def _choices(field: CustomField, given: Any) -> list[Stored]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = [given]
    return [Stored(text=one) for one in dict.fromkeys(_choice_id(field, one) for one in given)]


def _choice_id(field: CustomField, given: Any) -> str:
    wanted = _words(given)
    if wanted in field.labels:
        return wanted
    found = [key for key, label in field.labels.items() if label.casefold() == wanted.casefold()]
    if not found:
        raise ValueError
    return found[0]


def _yes_no(field: CustomField, given: Any) -> list[Stored]:
    word = str(given).strip().lower()
    if word not in YES | NO:
        raise ValueError
    return [Stored(number=int(word in YES))]


_PARSERS: dict[str, Callable[[CustomField, Any], list[Stored]]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _long_text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.YES_NO: _yes_no,
}

_EXPECTED: dict[str, Callable[[CustomField], str]] = {
    Kind.TEXT: lambda field: _("Up to %(number)d characters.") % {"number": LONGEST_TEXT},
    Kind.LONG_TEXT: lambda field: _("Up to %(number)d characters.") % {"number": LONGEST_LONG_TEXT},
    Kind.NUMBER: lambda field: _("A number, with at most six decimals."),
    Kind.DATE: lambda field: _("A date, such as 2026-03-09."),
    Kind.CHOICE: lambda field: _("One of: %(choices)s.") % {"choices": ", ".join(field.labels.values())},
    Kind.CHOICES: lambda field: _("Some of: %(choices)s.") % {"choices": ", ".join(field.labels.values())},
    Kind.YES_NO: lambda field: _("Yes or no."),
}


Wanted = dict[CustomField, list[Stored]]
"""What fields are to say of a contact."""


def read(fields: Mapping[str, CustomField], given: Mapping[str, Any]) -> Wanted:
    """What was given by field key, as it is stored. Raises UnknownField, BadValue."""
    if missing := set(given) - set(fields):
        raise UnknownField(_("Contacts have no field “%(field)s”.") % {"field": min(missing)}, field=min(missing))
    return {fields[key]: parse(fields[key], value) for key, value in given.items()}


def fields_of(workspace: Workspace) -> dict[str, CustomField]:
    """The fields that may be filled in, by key."""
    return {field.key: field for field in workspace.custom_fields.filter(archived_at=None)}


@transaction.atomic
def put(contact: Contact, given: Mapping[str, Any]) -> list[str]:
    """Store what was given by field key, and clear what is given empty. Returns the keys of what changed.

    Raises UnknownField, BadValue; then nothing is stored.
    """
    if not given:
        return []
    wanted = read(fields_of(contact.workspace), given)
    # The contact's lock makes two who write the same field one after the other.
    Contact.objects.select_for_update().get(pk=contact.pk)
    return put_many({contact.pk: wanted})[contact.pk]


def put_many(wanted: Mapping[UUID, Wanted]) -> dict[UUID, list[str]]:
    """The same of contacts (by id) that the caller has locked; three statements, however many there are."""
    have: dict[tuple[UUID, UUID], set[Stored]] = {}
    rows: dict[tuple[UUID, UUID], list[UUID]] = {}
    for row in FieldValue.objects.filter(contact_id__in=wanted):
        have.setdefault((row.contact_id, row.field_id), set()).add(_stored(row))
        rows.setdefault((row.contact_id, row.field_id), []).append(row.id)
    changed = {
        contact_id: [field for field, said in fields.items() if set(said) != have.get((contact_id, field.id), set())]
        for contact_id, fields in wanted.items()
    }
    gone = [row for key, fields in changed.items() for field in fields for row in rows.get((key, field.id), ())]
    FieldValue.objects.filter(id__in=gone).delete()
    FieldValue.objects.bulk_create(
        [
            FieldValue(field=field, contact_id=key, **said._asdict())
            for key, fields in changed.items()
            for field in fields
            for said in wanted[key][field]
        ],
        batch_size=5000,
    )
    return {key: [field.key for field in fields] for key, fields in changed.items()}


def _stored(row: FieldValue) -> Stored:
    return Stored(row.text, row.long_text, row.number, row.date)
