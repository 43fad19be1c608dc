"""What a segment's tree means: checked, typed, compiled to one condition on contacts, and said in a sentence.

A tree is `{"all": […]}`, `{"any": […]}`, `{"not": tree}` or a condition `{"field", "op", "value", "count", "days"}`; an empty
one means everybody. Fields are those that areas registered, and those of families, such as a business's custom fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial, reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import QueryCanceled

from plainsail.contacts.models import Contact, Segment
from plainsail.contacts.sockets import SEGMENT_FAMILIES, SEGMENT_FIELDS, Asked, Kind, SegmentField
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money

DEEPEST = 8
MOST = 60
"""Conditions of one tree, those of segments that it asks not counted."""
MOST_DAYS = 3660
MOST_TIMES = 1000
LARGEST = 2_000_000_000
LONGEST = 200
SEGMENT = "segment"
"""Key of the field that asks another segment."""

Tree = Mapping[str, Any]


class BadSegment(Refusal):
    """A condition that no field understands."""

    code = "bad_segment"
    message = gettext_lazy("A condition of this segment can’t be understood.")
    status = 422


def condition_of(tree: Tree, *, at: datetime) -> Q:
    """The one condition that a tree means, seen at a moment. Raises BadSegment, which names the condition at fault.

    One statement whatever the tree; another segment is compiled into it, one that asks itself is refused.
    """
    check_size(tree)
    return _compiled(tree, at=at, asking=())


def _compiled(tree: Tree, *, at: datetime, asking: tuple[UUID, ...]) -> Q:
    inner = partial(_compiled, at=at, asking=asking)
    if "not" in tree:
        return _opposite(inner(tree["not"]))
    if "all" in tree:
        return reduce(and_, map(inner, tree["all"]), Q())
    if "any" in tree:
        parts = [inner(part) for part in tree["any"]]
        return reduce(or_, parts) if parts and all(parts) else Q()  # one that asks nothing lets everybody in
    if not tree:
        return Q()
    known, asked = read(tree, at=at)
    if known.compile == "segment":
        found = _of_segment(known, asked.value, at=at, asking=asking)
        return _opposite(found) if asked.op == "is_not" else found
    return known.compile(asked)


def _opposite(condition: Q) -> Q:
    """Nobody where everybody was: Django reads the opposite of no condition as none."""
    return ~condition if condition else Q(id__in=[])


def _of_segment(known: SegmentField, segment_id: UUID, *, at: datetime, asking: tuple[UUID, ...]) -> Q:
    other = Segment.objects.filter(id=segment_id).first()
    if other is None:
        raise BadSegment(_("“%(field)s”: this segment is gone.") % {"field": known.label})
    if other.id in asking or len(asking) >= DEEPEST:
        raise BadSegment(_("“%(field)s”: “%(segment)s” asks itself.") % {"field": known.label, "segment": other.name})
    check_size(other.tree)
    return _compiled(other.tree, at=at, asking=(*asking, other.id))


def check_size(tree: Any) -> None:
    """Refuse what is no tree, is too deep or too large. Raises BadSegment."""
    if sum(1 for _leaf in _leaves(tree, 0)) > MOST:
        raise BadSegment(_("A segment has at most %(number)d conditions.") % {"number": MOST})


def _leaves(tree: Any, depth: int) -> Iterator[Tree]:
    if not isinstance(tree, Mapping):
        raise BadSegment
    if depth > DEEPEST:
        raise BadSegment(_("Groups can stand inside one another %(number)d deep.") % {"number": DEEPEST})
    if "not" in tree:
        yield from _leaves(tree["not"], depth + 1)
    elif "all" in tree or "any" in tree:
        parts = tree.get("all", tree.get("any"))
        if not isinstance(parts, list) or len(parts) > MOST:
            raise BadSegment
        for part in parts:
            yield from _leaves(part, depth + 1)
    elif tree:
        yield tree


def leaves(tree: Tree) -> Iterator[Tree]:
    """The conditions of a tree, groups left out. Raises BadSegment."""
    return _leaves(tree, 0)


def field_of(key: Any) -> SegmentField | None:
    """A field by its key, registered or of a family."""
    name = str(key)
    family, colon, rest = name.partition(":")
    if not colon:
        return SEGMENT_FIELDS.get(name)
    source = SEGMENT_FAMILIES.get(family)
    return source.find(rest) if source else None


def offered(workspace: Workspace) -> list[tuple[str, SegmentField]]:
    """Every field that a segment of this business may ask, with its key, in order."""
    of_families = [
        (f"{name}:{key}", field) for name, source in SEGMENT_FAMILIES.items() for key, field in source.listed(workspace)
    ]
    return sorted([*SEGMENT_FIELDS.items(), *of_families], key=lambda entry: entry[1].order)


def read(leaf: Tree, *, at: datetime) -> tuple[SegmentField, Asked]:
    """A condition's field, and what it asks with typed values. Raises BadSegment, which names the condition."""
    known = field_of(leaf.get("field"))
    if known is None:
        raise BadSegment(_("There is no condition “%(field)s”.") % {"field": str(leaf.get("field"))[:60]})
    op = leaf.get("op")
    if not isinstance(op, str) or op not in known.operators:
        raise BadSegment(_("“%(field)s”: choose a comparison.") % {"field": known.label})
    days = _number(known, leaf, "days", MOST_DAYS)
    return known, Asked(
        op=op,
        value=_value(known, op, leaf.get("value")),
        count=_number(known, leaf, "count", MOST_TIMES) or 1,
        since=at - timedelta(days=days) if days else None,
        at=at,
    )


def _number(known: SegmentField, leaf: Tree, name: str, most: int) -> int | None:
    given = leaf.get(name)
    if name not in known.inputs or given in (None, ""):
        return None
    try:
        number = _whole(given)
    except (ValueError, TypeError):
        number = 0
    if 1 <= number <= most:
        return number
    what = _("the number of days") if name == "days" else _("how often")
    words = {"field": known.label, "what": what, "most": most}
    raise BadSegment(_("“%(field)s”: %(what)s is a number from 1 to %(most)d.") % words)


def _value(known: SegmentField, op: str, given: Any) -> Any:
    kind = known.kind_of(op)
    if kind == "none" or (known.anything and given in (None, "")):
        return None
    try:
        return _PARSERS[kind](known, given)
    except (TypeError, ValueError, InvalidOperation, AttributeError):
        raise BadSegment(_EXPECTED[kind] % {"field": known.label}) from None


def _whole(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str) or len(str(given)) > 12:
        raise ValueError
    number = int(given)
    if abs(number) > LARGEST:
        raise ValueError
    return number


def _days(given: Any) -> int:
    number = _whole(given)
    if not 1 <= number <= MOST_DAYS:
        raise ValueError
    return number


def _text(given: Any) -> str:
    if not isinstance(given, str | int) or not (text := str(given).replace("\0", "").strip()[:LONGEST]):
        raise ValueError
    return text


def _decimal(given: Any) -> Decimal:
    number = Decimal(_text(given).replace(",", "."))
    if not number.is_finite() or abs(number) > LARGEST:
        raise ValueError
    return number


def _money(known: SegmentField, given: Any) -> int:
    return Money.parse(format(_decimal(given), "f"), known.currency).minor


_PARSERS: Mapping[Kind, Callable[[SegmentField, Any], Any]] = {
    "row": lambda known, given: UUID(str(given)),
    "choice": lambda known, given: _text(given),
    "text": lambda known, given: _text(given),
    "number": lambda known, given: _whole(given),
    "days": lambda known, given: _days(given),
    "decimal": lambda known, given: _decimal(given),
    "money": _money,
    "date": lambda known, given: date.fromisoformat(_text(given)),
}

_EXPECTED = {
    "row": gettext_lazy("“%(field)s”: choose one."),
    "choice": gettext_lazy("“%(field)s”: choose one."),
    "text": gettext_lazy("“%(field)s”: say what it is compared with."),
    "number": gettext_lazy("“%(field)s”: a whole number is needed."),
    "days": gettext_lazy("“%(field)s”: a number of days is needed, at most ten years."),
    "decimal": gettext_lazy("“%(field)s”: a number is needed."),
    "money": gettext_lazy("“%(field)s”: an amount is needed, such as 49.90."),
    "date": gettext_lazy("“%(field)s”: a day is needed, such as 2026-03-09."),
}


def reads(tree: Tree) -> frozenset[str]:
    """What of a contact a tree's answer depends on, as the fields say; of other segments what those read."""
    return frozenset(name for leaf in spread(tree) if (known := field_of(leaf.get("field"))) for name in known.reads)


def spread(tree: Tree) -> Iterator[Tree]:
    """The conditions of a tree and of the segments that it asks, each segment's once. Raises BadSegment."""
    seen: set[UUID] = set()
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        yield from leaves(part)
        others = list(Segment.objects.filter(id__in=asks(part) - seen)) if asks(part) - seen else []
        seen.update(one.id for one in others)
        waiting += [one.tree for one in others]


def asks(tree: Tree) -> set[UUID]:
    """Ids of the other segments that a tree asks."""
    found = set()
    for leaf in leaves(tree):
        if leaf.get("field") == SEGMENT:
            try:
                found.add(UUID(str(leaf.get("value"))))
            except ValueError:
                continue
    return found


def in_segment(workspace: Workspace, segment: Segment, *, at: datetime) -> QuerySet[Contact]:
    """Contacts that answer a segment's question at a moment. Raises BadSegment."""
    found: QuerySet[Contact] = workspace.contacts.filter(condition_of(segment.tree, at=at), deleted_at=None)
    return found


@dataclass(frozen=True)
class Counted:
    """How many answer a tree; where counting took too long, about how many the database expects."""

    number: int
    is_exact: bool


PATIENCE_MS = 1500
"""Nobody who builds a segment waits longer for its number."""
ROOM = "64MB"
"""For “any of” sets of hundreds of thousands: with less of it each contact is looked up in each of them."""


def count(workspace: Workspace, tree: Tree, *, about: UUID, at: datetime) -> Counted:
    """How many contacts answer a tree now, exactly if that is quick. Raises BadSegment.

    One count about a subject (a segment's id) at a time, and none longer than PATIENCE_MS: else it is the planner's
    estimate, which costs the same whatever the size. In the caller's transaction.
    """
    found = workspace.contacts.filter(condition_of(tree, at=at), deleted_at=None)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"segment {about}"])
            if not (cursor.fetchone() or [False])[0]:
                return _estimate(found)
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = (cursor.fetchone() or ["0"])[0]
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', %s, true)",
                [str(PATIENCE_MS), ROOM],
            )
            number = found.count()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
            return Counted(number, is_exact=True)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
    return _estimate(found)


def _estimate(found: QuerySet[Contact]) -> Counted:
    plan = json.loads(found.order_by().values("id").explain(format="json"))
    return Counted(int(plan[0]["Plan"]["Plan Rows"]), is_exact=False)
