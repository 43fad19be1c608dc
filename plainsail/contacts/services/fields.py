"""Custom fields: which facts a business keeps of its contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import CustomField, FieldValue
from plainsail.contacts.services import uses
from plainsail.contacts.services.contacts import CUSTOM, PROFILE
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

MOST_FIELDS = 200
MOST_CHOICES = 200
TAKEN = frozenset({*PROFILE, "email", "id", "tags", "lists", "source", "created_at"})
"""What contacts have already; a field called that would be confused with it."""


class NeedsChoices(Refusal):
    """A choice with nothing to choose."""

    code = "needs_choices"
    message = _("Write at least two choices, one a line.")
    status = 422


class TooManyFields(Refusal):
    """More than anybody can fill in."""

    code = "too_many_fields"
    message = _("There are 200 fields already. Put away one that you don’t use.")


@transaction.atomic
def define(
    workspace: Workspace, *, label: str, kind: str, at: datetime, hint: str = "", choices: Sequence[str] = ()
) -> CustomField:
    """A new field, with a key made of its name. Raises NeedsChoices, TooManyFields."""
    if workspace.custom_fields.count() >= MOST_FIELDS:
        raise TooManyFields(field="label")
    field = CustomField(
        key=_free_key(workspace, label), label=label, kind=kind, hint=hint, position=_next(workspace), created_at=at
    )
    field.choices = _renewed(field, choices)
    field.save(force_insert=True)
    return field


def _free_key(workspace: Workspace, label: str) -> str:
    base = slugify(label).replace("-", "_")[:50] or "field"
    taken = TAKEN | set(workspace.custom_fields.filter(key__startswith=base).values_list("key", flat=True))
    return next(one for one in (base, *(f"{base}_{number}" for number in range(2, 1000))) if one not in taken)


def _next(workspace: Workspace) -> int:
    last: int | None = workspace.custom_fields.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


@transaction.atomic
def change(field: CustomField, *, label: str, hint: str = "", choices: Sequence[str] = ()) -> None:
    """Change how a field is called and what may be chosen; its key and kind stay. Raises NeedsChoices.

    A choice keeps its id while its label stays in the list or only changes its place. One that is left out is taken off
    the contacts that have it.
    """
    before = set(field.labels)
    field.label, field.hint, field.choices = label, hint, _renewed(field, choices)
    field.save(update_fields=["label", "hint", "choices"])
    if gone := before - set(field.labels):
        FieldValue.objects.filter(field=field, text__in=gone).delete()


def _renewed(field: CustomField, labels: Sequence[str]) -> list[dict[str, str]]:
    if not field.has_choices:
        return []
    wanted = list(dict.fromkeys(label.strip()[:100] for label in labels if label.strip()))[:MOST_CHOICES]
    if len(wanted) < 2:
        raise NeedsChoices(field="choices")
    ids = {label: key for key, label in field.labels.items()}
    # An id is never used twice: what somebody built on a choice that is gone must not come to mean another.
    return [{"id": ids.get(label) or new_id().hex[-12:], "label": label} for label in wanted]


def archive(field: CustomField, *, at: datetime) -> None:
    """Put a field away: nobody sees it, and what it says of people is kept. Raises InUse, which says what needs it."""
    uses.refuse(f"{CUSTOM}{field.key}")
    field.archived_at = at
    field.save(update_fields=["archived_at"])


def restore(field: CustomField) -> None:
    """Bring a field back with all that it said."""
    field.archived_at = None
    field.save(update_fields=["archived_at"])


@transaction.atomic
def move_up(field: CustomField) -> None:
    """Put a field one place before where it stands; the first stays the first."""
    rows = list(field.workspace.custom_fields.select_for_update().filter(archived_at=None).order_by("position", "id"))
    place = rows.index(field)
    if place:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    for number, one in enumerate(rows):
        one.position = number
    CustomField.objects.bulk_update(rows, ["position"])
