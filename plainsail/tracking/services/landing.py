"""Taking in what the edge wrote: each row once, in order, per workspace; a row that can't be taken in is parked.

Page views land in bundles, which are unpacked first. Deleting from the landing table and writing the record are one
transaction, as are deleting a bundle and landing what it holds, so a kill between them changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import psycopg
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from plainsail.contacts.models import ScoreRule
from plainsail.kernel import clock
from plainsail.kernel.events import listeners, publish_many
from plainsail.kernel.jobs import attempt, job
from plainsail.kernel.landing import COPY
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.tracking.events import LinkClicked, MailOpened, PageVisited
from plainsail.tracking.models import Agent, Hit, Landing, ParkedLanding
from plainsail.tracking.services import agents, engaging, reclassing, visitors
from plainsail.tracking.sockets import LANDING, LISTENERS, WANTED

BATCH = 1000
YEARS = range(2000, 2200)
"""What a clock that runs at all may say; the function that makes partitions knows the same bounds."""
HITS = frozenset({"visit", "click", "open"})
COLUMNS = [field.attname for field in Landing._meta.local_fields]

logger = logging.getLogger("plainsail.tracking")


@job("tracking.drain")
@outside_transaction
def drain() -> None:
    """Take in everything that has landed, workspace by workspace."""
    at = clock.now()
    while unpack():
        pass
    for workspace_id in _waiting():
        while drain_batch(workspace_id, at=at) == BATCH:
            pass


@transaction.atomic
def unpack() -> bool:
    """Land the views of the oldest bundle, each as a row; False where there is none. Two at once never get the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tracking_viewbundle WHERE id = "
            "(SELECT id FROM tracking_viewbundle ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING lines"
        )
        found = cursor.fetchone()
    if found is not None:
        _land([f"{line}\n" for line in found[0].split("\n") if line])
    return found is not None


def _land(lines: Sequence[str]) -> None:
    """One line that the database refuses doesn't take its neighbours along."""
    try:
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write("".join(lines))
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(lines) == 1:
            # One that is there already came in a bundle that the edge sent again, unsure whether it had arrived.
            if not isinstance(error, psycopg.errors.UniqueViolation):
                logger.error("landed view refused", extra={"error": str(error)[:300]})
            return
        middle = len(lines) // 2
        _land(lines[:middle])
        _land(lines[middle:])


def _waiting() -> list[UUID]:
    landed = Landing.objects.order_by().values_list("workspace_id", flat=True).distinct()
    states = dict(Workspace.objects.filter(id__in=landed).values_list("id", "state"))
    known = {workspace_id for workspace_id, state in states.items() if state != Workspace.State.CLOSED}
    # Rows of a workspace that is gone are nobody's any more. Those of one that is closing wait with it.
    gone, _detail = Landing.objects.exclude(workspace_id__in=known).filter(workspace_id__in=landed).delete()
    if gone:
        logger.warning("landed rows of unknown workspaces dropped", extra={"rows": gone})
    return sorted(workspace_id for workspace_id in known if states[workspace_id] == Workspace.State.OPEN)


def drain_batch(workspace_id: UUID, *, at: datetime) -> int:
    """Take in up to BATCH rows of one workspace; returns how many. Two drains at once never get the same row."""
    with workspace(workspace_id):
        rows = _claim(workspace_id)
        strange = [row for row in rows if row.at.year not in YEARS]
        for row in strange:
            park(row, "its time lies outside all months that are kept", at=at)
        sound = [row for row in rows if row.at.year in YEARS]
        record([row for row in sound if row.kind in HITS], at=at)
        for row in sound:
            if row.kind not in HITS:
                _take_in(row, at=at)
    return len(rows)


def _claim(workspace_id: UUID) -> list[Landing]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM tracking_landing WHERE id IN (SELECT id FROM tracking_landing WHERE workspace_id = %s "
            f"ORDER BY id LIMIT {BATCH} FOR UPDATE SKIP LOCKED) RETURNING {', '.join(COLUMNS)}",
            [workspace_id],
        )
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    # A bare cursor gives jsonb as text.
    return sorted((Landing(**row | {"payload": json.loads(row["payload"])}) for row in rows), key=lambda row: row.id)


def record(rows: Sequence[Landing], *, at: datetime) -> list[Hit]:
    """Sort hits into their month, with their class, and tell whoever listens."""
    if not rows:
        return []
    around = agents.look_around(rows)
    owners = visitors.owners({row.visitor_id for row in rows if row.visitor_id})
    hits = [_hit(row, around, owners=owners) for row in rows]
    _make_months({(hit.at.year, hit.at.month) for hit in hits})
    visits, opens = _new_visits(hits), _new_opens(hits)
    # A batch that the edge sent again, unsure whether it had arrived, changes nothing.
    Hit.objects.bulk_create(hits, batch_size=1000, ignore_conflicts=True)
    visitors.learn_from_clicks(hits, at=at)
    engaging.hear(hits)
    for listener in LISTENERS:
        listener(hits)
    reclassing.reclass(agents.seen_otherwise(around), since=min(row.at for row in rows) - agents.NEAR)
    if listeners(LinkClicked.name):
        publish_many(
            LinkClicked(delivery_id=hit.delivery_id, url=hit.url, contact_id=hit.contact_id, at=hit.at)
            for hit in hits
            if hit.kind == "click" and hit.agent == Agent.HUMAN and hit.delivery_id
        )
    publish_many(PageVisited(path=hit.path, contact_id=hit.contact_id, at=hit.at) for hit in visits)
    publish_many(
        MailOpened(delivery_id=hit.delivery_id, contact_id=hit.contact_id, at=hit.at)
        for hit in opens
        if hit.delivery_id is not None
    )
    return hits


def _new_visits(hits: Sequence[Hit]) -> list[Hit]:
    """Visits of people who are known, while a rule gives points for them or somebody wants them told."""
    known = {hit.id: hit for hit in hits if hit.kind == "visit" and hit.agent == Agent.HUMAN and hit.contact_id}
    scores = bool(known) and ScoreRule.objects.filter(event=PageVisited.name, is_active=True).exists()
    return _new(known) if scores or (known and any(wants(PageVisited) for wants in WANTED)) else []


def _new_opens(hits: Sequence[Hit]) -> list[Hit]:
    """Mails that people opened, while somebody wants them told."""
    opens = {
        hit.id: hit
        for hit in hits
        if hit.kind == "open" and hit.agent == Agent.HUMAN and hit.contact_id and hit.delivery_id
    }
    return _new(opens) if opens and any(wants(MailOpened) for wants in WANTED) else []


def _new(hits: dict[UUID, Hit]) -> list[Hit]:
    """Those of them that were not taken in before."""
    before = set(Hit.objects.filter(id__in=hits, at__in={hit.at for hit in hits.values()}).values_list("id", flat=True))
    return [hit for key, hit in hits.items() if key not in before]


def _hit(row: Landing, around: agents.Around, *, owners: dict[UUID, UUID]) -> Hit:
    agent, reason = agents.classify(row, around)
    known = owners.get(row.visitor_id) if row.visitor_id else None
    return Hit(
        id=row.id,
        workspace_id=row.workspace_id,
        at=row.at,
        kind=row.kind,
        contact_id=row.contact_id or known,
        visitor_id=row.visitor_id,
        delivery_id=row.delivery_id,
        page_id=row.page_id,
        path=row.path,
        url=row.url,
        referrer=row.referrer,
        agent=agent,
        reason=reason,
        campaign={name: value for name, value in row.payload.items() if name.startswith("utm_")},
    )


def _make_months(months: set[tuple[int, int]]) -> None:
    """The partitions these months need: a function of the owner makes one that is missing."""
    with connection.cursor() as cursor:
        for year, month in months:
            cursor.execute("SELECT tracking_make_month(make_date(%s, %s, 1))", [year, month])


def _take_in(row: Landing, *, at: datetime) -> None:
    handler = LANDING.get(row.kind)
    error = (
        f"nobody takes in rows of kind {row.kind!r}"
        if handler is None
        else attempt(partial(handler, row), what=row.kind)
    )
    if error:
        park(row, error, at=at)


def park(row: Landing, error: str, *, at: datetime) -> None:
    """Keep a row that could not be taken in, with the reason."""
    encoder = DjangoJSONEncoder()
    values = {name: getattr(row, name) for name in COLUMNS}
    plain = {
        name: value if isinstance(value, dict | str | None) else encoder.default(value)
        for name, value in values.items()
    }
    ParkedLanding.objects.create(row=plain, error=error[:2000], parked_at=at)
    logger.error("landed row parked", extra={"row": str(row.id), "kind": row.kind, "error": error[:300]})
