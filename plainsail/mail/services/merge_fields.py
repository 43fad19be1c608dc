"""Merge fields: which there are, what they say about somebody, and which a text asks for that don't exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.services import merging
from plainsail.blocks.services.documents import Document
from plainsail.contacts.models import Contact, CustomField, FieldValue
from plainsail.contacts.queries import Value
from plainsail.kernel.models import Workspace

OWN = "field."
"""What the names of a business's own fields begin with."""


@dataclass(frozen=True)
class MergeField:
    """One field as the picker shows it; `hole` is what stands in the text."""

    name: str
    label: str | Promise
    group: str | Promise

    @property
    def hole(self) -> str:
        return f"{{{{{self.name}}}}}"


Path = tuple[str | int, ...]
Errors = dict[Path, str]
"""What is wrong, by where it stands in the document."""
OURS = re.compile(r"\{\{ps\.[a-z0-9_]+\}\}")

ABOUT = gettext_lazy("About the reader")
LINKS = gettext_lazy("Links")
OWN_GROUP = gettext_lazy("Your own fields")

STANDARD = (
    MergeField("first_name", gettext_lazy("First name"), ABOUT),
    MergeField("last_name", gettext_lazy("Last name"), ABOUT),
    MergeField("name", gettext_lazy("Full name"), ABOUT),
    MergeField("email", gettext_lazy("E-mail address"), ABOUT),
    MergeField("company", gettext_lazy("Company"), ABOUT),
    MergeField("city", gettext_lazy("City"), ABOUT),
    MergeField("country", gettext_lazy("Country"), ABOUT),
    MergeField("unsubscribe_url", gettext_lazy("Link to unsubscribe"), LINKS),
    MergeField("preferences_url", gettext_lazy("Link to change what they receive"), LINKS),
    MergeField("web_url", gettext_lazy("Link to see the mail in a browser"), LINKS),
)
ALWAYS_THERE = frozenset({"email", "name", "unsubscribe_url", "preferences_url", "web_url"})
"""Fields that are never empty: a contact without a name goes by the address."""
COLUMNS = ("first_name", "last_name", "company", "city", "country")


def offered(workspace: Workspace) -> list[MergeField]:
    """Every field that a mail of this business may have, in order. One statement."""
    own = workspace.custom_fields.filter(archived_at=None).order_by("position", "id")
    return [*STANDARD, *(MergeField(own_name(field.key), field.label, OWN_GROUP) for field in own)]


def names() -> frozenset[str]:
    """Names of all fields of the open workspace, those of fields put away too: a mail that has them still opens."""
    keys = CustomField.objects.order_by().values_list("key", flat=True)
    return frozenset({field.name for field in STANDARD} | {own_name(key) for key in keys})


def own_name(key: str) -> str:
    """How a business's own field is called in a text: `field.favourite_glaze`."""
    return OWN + key.lower().replace("-", "_")


def values(contact: Contact, own: Mapping[str, Value] | None = None) -> dict[str, str]:
    """What the fields say about a contact; `own` is what their own fields say, by key (see `contacts.queries.values_of`)."""
    said = {name: str(getattr(contact, name)) for name in COLUMNS}
    said |= {"name": contact.name, "email": contact.email}
    return said | {own_name(key): written(value) for key, value in (own or {}).items()}


def written(value: Value) -> str:
    """What an own field says, as it stands in a mail, in the language that is active."""
    if isinstance(value, bool):
        return yes_or_no(is_so=value)
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return ", ".join(value) if isinstance(value, list) else str(value)


def yes_or_no(*, is_so: bool) -> str:
    """As it stands in a mail, in the language that is active."""
    return _("yes") if is_so else _("no")


def unknown(text: str, known: frozenset[str]) -> str | None:
    """The first field in a text that doesn't exist; None where all do."""
    return next((name for name, _fallback in merging.parse(text).holes if name not in known), None)


def unknown_message(name: str) -> str:
    return _("There is no field “%(name)s”. Choose one from the list of fields.") % {"name": name}


def refusals(before: Document, after: Document, known: frozenset[str]) -> Errors:
    """Fields that don't exist, by the path of the setting that asks for them; only in sections that were changed."""
    errors: Errors = {}
    for block in after.blocks:
        if block == before.find(block.id):
            continue
        for path, text in _texts(block.props, ()):
            if name := unknown(text, known):
                errors[("blocks", block.id, "props", *path)] = unknown_message(name)
    return errors


def without_fallback(texts: Iterable[str]) -> list[str]:
    """Names of the fields in these texts that may leave a hole, each once, in order."""
    found = (name for text in texts for name, fallback in merging.parse(text).holes if not fallback)
    return [name for name in dict.fromkeys(found) if name not in ALWAYS_THERE and not name.startswith("ps.")]


def without_marks(text: str) -> str:
    """A compiled source without the holes that are ours alone: tracked links, sections, the pixel."""
    return OURS.sub("", text)


def count_missing(people: QuerySet[Contact], asked: Sequence[str]) -> dict[str, int]:
    """For each of these fields, of how many of these people nothing is known. One statement."""
    own = {own_name(field.key): field for field in CustomField.objects.order_by("id")}
    counts: dict[str, Count] = {}
    for place, name in enumerate(asked):
        if name in COLUMNS:
            counts[f"n{place}"] = Count("id", filter=Q(**{name: ""}))
        elif name in own:
            known = FieldValue.objects.filter(field=own[name], contact_id=OuterRef("id"))
            people = people.annotate(**{f"has{place}": Exists(known)})
            counts[f"n{place}"] = Count("id", filter=Q(**{f"has{place}": False}))
    found = people.order_by().aggregate(**counts) if counts else {}
    return {name: found[f"n{place}"] for place, name in enumerate(asked) if f"n{place}" in found}


def texts_of(document: Document) -> list[str]:
    """Everything that is written in a document's sections."""
    return [text for block in document.blocks for _path, text in _texts(block.props, ())]


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*path, name))
    elif isinstance(value, Sequence):
        for place, inner in enumerate(value):
            yield from _texts(inner, (*path, place))
