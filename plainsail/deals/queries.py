"""Boards, lists and sums of deals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from plainsail.deals.models import Deal, DealMove, Pipeline, Stage
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money, half_up

SHOWN = 50
"""Cards of a column; the others are in the list."""
PAGE = 50


DEAL_COLUMNS = (
    *("contact_id", "title", "pipeline", "stage", "value_minor", "currency", "owner", "expected_on", "created_at"),
    *("entered_at", "closed_at", "lost_reason"),
)
"""What an export of contacts says of their deals; values in minor units."""


def deals_of_contacts(people: Sequence[UUID]) -> Iterable[dict[str, Any]]:
    """Deals of these contacts by DEAL_COLUMNS, oldest first; one statement."""
    named = {"pipeline": "pipeline__name", "stage": "stage__name", "owner": "owner__email"}
    rows = Deal.objects.alive().filter(contact__in=people).order_by("contact_id", "created_at", "id")
    for row in rows.values(*(named.get(name, name) for name in DEAL_COLUMNS)):
        yield {name: row[named.get(name, name)] for name in DEAL_COLUMNS}


@dataclass(frozen=True)
class Column:
    """A stage with its cards, how many deals stand there, and what they are worth in each currency."""

    stage: Stage
    cards: list[Deal]
    number: int = 0
    sums: list[Money] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return self.number - len(self.cards)


@dataclass(frozen=True)
class Board:
    """A pipeline as it stands, for one owner or for all.

    `open` is the value of what is undecided. `weighted` is the same, each deal by its stage's probability: what is to be
    expected of them together, if the probabilities are right. One amount a currency; rounded once, half up.
    """

    columns: list[Column]
    open: list[Money]
    weighted: list[Money]

    @property
    def number(self) -> int:
        return sum(column.number for column in self.columns)


def stages_of(pipeline: Pipeline) -> QuerySet[Stage]:
    """A pipeline's stages in their order; won and lost at the end."""
    found: QuerySet[Stage] = pipeline.stages.filter(archived_at=None).order_by("position", "id")
    return found


def board(pipeline: Pipeline, *, owner: str = "") -> Board:
    """The board. Three statements and one for each stage, however many deals there are.

    `owner` is the id of a person, `nobody` for deals without one, and empty for all. Garbage finds nothing.
    """
    deals = _owned(pipeline.deals.filter(deleted_at=None), owner)
    stages = list(stages_of(pipeline))
    sums = _sums(deals)
    columns = [
        Column(
            stage=stage,
            cards=list(
                deals.filter(stage=stage).select_related("contact", "owner").order_by("-entered_at", "-id")[:SHOWN]
            ),
            number=sum(number for number, _minor in sums.get(stage.id, {}).values()),
            sums=_money((currency, Fraction(minor)) for currency, (_n, minor) in sums.get(stage.id, {}).items()),
        )
        for stage in stages
    ]
    undecided = [stage for stage in stages if stage.is_open]
    return Board(
        columns,
        _total(undecided, sums, weigh=lambda _s: Fraction(1)),
        _total(undecided, sums, lambda stage: stage.share),
    )


Sums = Mapping[UUID, Mapping[str, tuple[int, int]]]


def _sums(deals: QuerySet[Deal]) -> Sums:
    """By stage and currency: how many deals, and their value in minor units. One aggregate."""
    found: dict[UUID, dict[str, tuple[int, int]]] = {}
    rows = deals.order_by().values_list("stage_id", "currency").annotate(number=Count("id"), minor=Sum("value_minor"))
    for stage_id, currency, number, minor in rows:
        found.setdefault(stage_id, {})[currency] = (number, int(minor))
    return found


def _total(stages: Iterable[Stage], sums: Sums, weigh: Callable[[Stage], Fraction]) -> list[Money]:
    return _money(
        (currency, minor * weigh(stage))
        for stage in stages
        for currency, (_number, minor) in sums.get(stage.id, {}).items()
    )


def _money(parts: Iterable[tuple[str, Fraction]]) -> list[Money]:
    totals: dict[str, Fraction] = {}
    for currency, minor in parts:
        totals[currency] = totals.get(currency, Fraction(0)) + minor
    return [Money(half_up(minor), currency) for currency, minor in sorted(totals.items())]


def _owned(deals: QuerySet[Deal], owner: str) -> QuerySet[Deal]:
    if owner == "nobody":
        return deals.filter(owner=None)
    if not owner:
        return deals
    try:
        return deals.filter(owner_id=UUID(owner))
    except ValueError:
        return deals.none()


@dataclass(frozen=True)
class Page:
    """Some deals, and from where the next ones start (empty at the end)."""

    rows: list[Deal]
    after: str


def browse(workspace: Workspace, *, text: str = "", owner: str = "", state: str = "", after: str = "") -> Page:
    """Deals, the newest first, paged by key. `state` is `open` (nothing means that too), `won`, `lost`, `all` or `deleted`."""
    found = _owned(workspace.deals.filter(deleted_at__isnull=state != "deleted"), owner)
    if state in {"", "open"}:
        found = found.filter(closed_at=None)
    elif state in Stage.Kind.values:
        found = found.filter(stage__kind=state)
    if wanted := text.strip().replace("\0", ""):
        names = Q(contact__email__istartswith=wanted) | Q(contact__last_name__istartswith=wanted)
        found = found.filter(Q(title__icontains=wanted) | names | Q(contact__first_name__istartswith=wanted))
    if (older := _older_than(after)) is not None:
        found = found.filter(older)
    order = found.select_related("contact", "owner", "stage", "pipeline").order_by("-created_at", "-id")
    rows = list(order[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.created_at.isoformat()}_{last.id}" if last else "")


def _older_than(after: str) -> Q | None:
    moment, _cut, key = after.rpartition("_")
    try:
        at, last = datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        return None
    return Q(created_at__lt=at) | Q(created_at=at, id__lt=last) if at.tzinfo else None


def pipelines(workspace: Workspace) -> QuerySet[Pipeline]:
    """Pipelines in use, in their order."""
    found: QuerySet[Pipeline] = workspace.pipelines.filter(archived_at=None).order_by("position", "id")
    return found


def history(deal: Deal) -> QuerySet[DealMove]:
    """Every move of a deal, the latest first."""
    found: QuerySet[DealMove] = deal.moves.select_related("source", "target", "by").order_by("-at", "-id")
    return found


def lost_by_reason(pipeline: Pipeline) -> list[tuple[str, int]]:
    """Why deals of a pipeline were lost, the most frequent reason first; an empty one where nobody said."""
    lost = pipeline.deals.filter(deleted_at=None, stage__kind=Stage.Kind.LOST).order_by()
    rows = lost.values_list("lost_reason").annotate(number=Count("id")).order_by("-number", "lost_reason")
    return list(rows[:20])


def of_contact(contact_id: UUID) -> QuerySet[Deal]:
    """A contact's deals: undecided first, then the newest."""
    found: QuerySet[Deal] = (
        Deal.objects.filter(contact_id=contact_id, deleted_at=None)
        .select_related("stage", "pipeline")
        .order_by(F("closed_at").desc(nulls_first=True), "-created_at", "-id")
    )
    return found
