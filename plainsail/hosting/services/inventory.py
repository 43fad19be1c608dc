"""Every table that holds something of a business, found by introspection: what an export takes and an erasure walks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

from plainsail.kernel.models import WorkspaceKey
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.kernel.tenancy import SHARED_TABLES, current_workspace_id

PROOF = frozenset({"hosting.closure", "hosting.closurefact", "hosting.keptrecord"})
"""What an erasure leaves: that it happened, and what the law wants kept."""


class Unclassified(Exception):
    """A table of a business that nobody has classified: it can be neither kept nor erased by guessing."""


class Tangled(Exception):
    """Tables whose rows all need each other: none can be deleted first."""


@dataclass(frozen=True)
class Table:
    """One table of the product, with its classification."""

    label: str
    name: str
    columns: tuple[str, ...]
    answer: PersonalData
    is_partitioned: bool


@dataclass(frozen=True)
class Cut:
    """A key to be emptied before rows go, because they point to each other in a circle."""

    table: str
    column: str


def label_of(model: type[Model]) -> str:
    return str(model._meta.label_lower)


def shared() -> list[type[Model]]:
    """Tables of many businesses, of which an erasure takes this one's rows: those on the closed list that name one."""
    found = [model for model in apps.get_models() if model._meta.db_table in SHARED_TABLES]
    return [model for model in found if any(field.attname == "workspace_id" for field in model._meta.local_fields)]


def is_owned(model: type[Model]) -> bool:
    return any(isinstance(field, WorkspaceKey) for field in model._meta.local_fields)


@cache
def tables() -> tuple[Table, ...]:
    """The tables that an erasure empties: rows that point to others come before those. Raises Unclassified, Tangled."""
    return tuple(_table(model) for model in _sorted()[0])


@cache
def cuts() -> tuple[Cut, ...]:
    """The keys that stand in the way of that order."""
    return _sorted()[1]


def _sorted() -> tuple[list[type[Model]], tuple[Cut, ...]]:
    left = {label_of(model): model for model in apps.get_models() if is_owned(model) and label_of(model) not in PROOF}
    keys = [key for model in left.values() for key in _keys(model) if key[1] in left]
    cut = [key for key in keys if key[0] == key[1]]
    keys = [key for key in keys if key[0] != key[1]]
    order: list[type[Model]] = []
    while left:
        pointed_at = {target for _source, target, _field in keys}
        free = [label for label in left if label not in pointed_at]
        if not free:
            loose = next((key for key in keys if key[2].null), None)
            if loose is None:
                raise Tangled(", ".join(sorted(left)))
            cut.append(loose)
            keys.remove(loose)
            continue
        order += [left.pop(label) for label in free]
        keys = [key for key in keys if key[0] in left]
    return order, tuple(Cut(_source_table(source), field.column) for source, _target, field in cut)


def _keys(model: type[Model]) -> Iterable[tuple[str, str, Any]]:
    for field in model._meta.local_fields:
        if field.is_relation and not isinstance(field, WorkspaceKey):
            yield label_of(model), label_of(field.related_model), field  # type: ignore[arg-type]  # a model once all are loaded


def _source_table(label: str) -> str:
    return str(apps.get_model(label)._meta.db_table)


def _table(model: type[Model]) -> Table:
    label = label_of(model)
    answer = PERSONAL_DATA.get(label)
    if answer is None:
        raise Unclassified(label)
    meta = model._meta
    columns = tuple(str(field.column) for field in meta.local_fields)
    return Table(label, str(meta.db_table), columns, answer, is_partitioned=not meta.managed)


def count(chosen: Iterable[Table]) -> dict[str, int]:
    """Rows of the open workspace in each of these tables that has any. A count of each."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table in chosen:
            cursor.execute(f'SELECT count(*) FROM "{table.name}" WHERE workspace_id = %s', [current_workspace_id()])
            (number,) = cursor.fetchone()
            if number:
                found[table.label] = int(number)
    return found
