"""Scores from the event log, in sets: entries by one INSERT, scores by one UPDATE, however many contacts there are.

A business that has rules is counted every two minutes by the clock rather than by listening: a million events then cost
one range of an index for each rule, and not a million pending rows. What was counted has a row with a unique key
(rule, event), so counting again counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F

from plainsail.contacts.events import ScoreReached
from plainsail.contacts.models import Contact, ScoreEntry, ScoreLevel, ScoreRule, Scoring
from plainsail.kernel import clock, due
from plainsail.kernel.events import publish_many
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date, local_moment
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace

KIND = "contacts.scores"
EVERY = timedelta(minutes=2)
NIGHT = time(3)
OVERLAP = timedelta(days=1)
"""How far before the last count is looked again: what was told late, or committed late."""
BATCH = 1000
MOST = 1_000_000_000

SPAN = "floor(extract(epoch FROM {at}) / 86400 / {days})"

# A look-up for each event where a join would read better: a planner that knows nothing of the table yet can't do it wrong.
INSERT = f"""
WITH matched AS MATERIALIZED (
  SELECT e.id, e.contact_id, e.at, r.id AS rule_id, r.points, r.at_most, r.span_days,
    {SPAN.format(at="e.at", days="r.span_days")} AS span
  FROM contacts_scorerule r
  JOIN kernel_eventrow e ON e.workspace_id = r.workspace_id AND e.name = r.event
  JOIN contacts_contact c ON c.workspace_id = e.workspace_id AND c.id = e.contact_id AND c.deleted_at IS NULL
  WHERE r.workspace_id = %(workspace)s AND e.workspace_id = %(workspace)s AND c.workspace_id = %(workspace)s
    AND r.is_active AND (%(since)s::timestamptz IS NULL OR e.at >= %(since)s) AND (%(ids)s::uuid[] IS NULL OR e.contact_id = ANY(%(ids)s))
    AND (r.field = '' OR CASE WHEN r.is_exact THEN e.payload ->> r.field = r.value
                              ELSE strpos(lower(e.payload ->> r.field), lower(r.value)) > 0 END)
), fresh AS MATERIALIZED (
  SELECT m.* FROM matched m WHERE (
    SELECT s.id FROM contacts_scoreentry s
    WHERE s.workspace_id = %(workspace)s AND s.rule_id = m.rule_id AND s.event_id = m.id) IS NULL
), ranked AS (
  SELECT f.*, row_number() OVER (PARTITION BY f.rule_id, f.contact_id, f.span ORDER BY f.at, f.id) AS place,
    CASE WHEN f.at_most IS NULL THEN 0 ELSE (
      SELECT count(*) FROM contacts_scoreentry s
      WHERE s.workspace_id = %(workspace)s AND s.rule_id = f.rule_id AND s.contact_id = f.contact_id
        AND (f.span_days IS NULL OR {SPAN.format(at="s.at", days="f.span_days")} = f.span)) END AS had
  FROM fresh f
)
INSERT INTO contacts_scoreentry (id, created_at, workspace_id, contact_id, rule_id, event_id, points, note, at)
SELECT gen_random_uuid(), %(at)s, %(workspace)s, contact_id, rule_id, id, points, '', at
FROM ranked WHERE at_most IS NULL OR place + had <= at_most
ON CONFLICT DO NOTHING
RETURNING contact_id
"""

REFRESH = """
WITH worth AS MATERIALIZED (
  SELECT s.contact_id, sum(
    CASE WHEN s.rule_id IS NULL OR %(half)s::int IS NULL THEN s.points
    ELSE s.points * power(0.5, GREATEST(0, extract(epoch FROM %(at)s::timestamptz - s.at)) / 86400 / %(half)s::int) END) AS total
  FROM contacts_scoreentry s
  WHERE s.workspace_id = %(workspace)s AND (%(ids)s::uuid[] IS NULL OR s.contact_id = ANY(%(ids)s))
  GROUP BY s.contact_id
), fresh AS MATERIALIZED (
  SELECT c.id, c.score AS was, COALESCE(c.score_peak, c.score) AS peak,
    LEAST(GREATEST(round(COALESCE(w.total, 0)::numeric), -%(most)s), %(most)s)::int AS score
  FROM contacts_contact c LEFT JOIN worth w ON w.contact_id = c.id
  WHERE c.workspace_id = %(workspace)s AND (%(ids)s::uuid[] IS NULL OR c.id = ANY(%(ids)s))
    AND (w.total IS NOT NULL OR c.score_counted <> 0)
)
UPDATE contacts_contact c
SET score = fresh.score, score_counted = fresh.score, score_peak = GREATEST(fresh.peak, fresh.score)
FROM fresh
WHERE c.workspace_id = %(workspace)s AND c.id = fresh.id AND c.score = fresh.was
  AND (c.score <> fresh.score OR c.score_counted <> fresh.score OR c.score_peak IS NULL OR c.score_peak < fresh.score)
RETURNING c.id, fresh.peak, fresh.score
"""


@due.runs(KIND)
def count(*, at: datetime) -> datetime | None:
    """Count what happened since, and once a day let all scores fade. Returns when to count again; None without rules."""
    scoring = locked(at=at)
    business = Workspace.objects.get(pk=current_workspace_id())
    today = local_date(at, business.timezone)
    since = scoring.counted_at - OVERLAP if scoring.counted_at else None
    changed = {*take_in_set_scores(at=at), *_count(since=since, ids=None, at=at)}
    fades = scoring.half_life_days is not None and scoring.faded_on != today
    refresh(None if fades else list(changed), scoring=scoring, at=at)
    scoring.counted_at, scoring.faded_on = at, today if fades else scoring.faded_on
    scoring.save(update_fields=["counted_at", "faded_on"])
    if ScoreRule.objects.filter(is_active=True).exists():
        return at + EVERY
    tomorrow = local_moment(today + timedelta(days=1), NIGHT, business.timezone)
    return tomorrow if scoring.half_life_days and ScoreEntry.objects.exists() else None


def locked(*, at: datetime) -> Scoring:
    """How the open business counts, locked: two counts never overlap."""
    Scoring.objects.bulk_create([Scoring(created_at=at)], ignore_conflicts=True)
    found: Scoring = Scoring.objects.select_for_update().get()
    return found


def take_in_set_scores(*, at: datetime, ids: Sequence[UUID] | None = None) -> list[UUID]:
    """An entry for each score that a program, an import or an older version set: it stays, beside what is earned."""
    rows = Contact.objects.exclude(score=F("score_counted"))
    rows = rows if ids is None else rows.filter(id__in=ids)
    found = list(rows.select_for_update().order_by("id").values_list("id", "score", "score_counted"))
    entries = [
        ScoreEntry(contact_id=key, points=score - counted, at=at, created_at=at) for key, score, counted in found
    ]
    ScoreEntry.objects.bulk_create(entries, batch_size=5000)
    keys = [key for key, _score, _counted in found]
    Contact.objects.filter(id__in=keys).update(score_counted=F("score"))
    return keys


def _count(*, since: datetime | None, ids: Sequence[UUID] | None, at: datetime) -> list[UUID]:
    """Write entries for what was not counted yet; returns whose."""
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "workspace": current_workspace_id(),
                "since": since,
                "ids": None if ids is None else list(ids),
                "at": at,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def refresh(ids: Sequence[UUID] | None, *, scoring: Scoring, at: datetime) -> None:
    """Make scores what their entries are worth now, of these contacts or of all, and tell of levels first reached."""
    if ids is not None and not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            REFRESH,
            {
                "workspace": current_workspace_id(),
                "half": scoring.half_life_days,
                "ids": None if ids is None else list(ids),
                "most": MOST,
                "at": at,
            },
        )
        tell_reached(cursor.fetchall(), at=at)


def tell_reached(rows: Iterable[tuple[UUID, int, int]], *, at: datetime) -> None:
    """Tell of each level between the highest score so far and the new one: (contact, highest before, score)."""
    levels = list(ScoreLevel.objects.order_by("points", "id"))
    publish_many(
        [
            ScoreReached(level_id=level.id, points=level.points, score=score, contact_id=contact_id, at=at)
            for contact_id, before, score in rows
            for level in levels
            if before < level.points <= score
        ]
    )


def start_recount(*, at: datetime) -> None:
    """Have everything counted anew from the event log: after rules changed. Points given by hand stay."""
    Scoring.objects.filter(pk=locked(at=at).pk).update(
        recounting_since=at, recount_done=0, recount_total=Contact.objects.count()
    )
    due.schedule(KIND, at)
    workspace_id = current_workspace_id()
    recount.once(f"scores:{workspace_id}", workspace_id=workspace_id)


@job("contacts.recount_scores")
@outside_transaction
def recount(*, workspace_id: UUID) -> None:
    """Count a thousand contacts a transaction; each says how far it came. Begins anew if it is killed, with the same end."""
    after: UUID | None = None
    done = 0
    while True:
        with workspace(workspace_id):
            rows = (
                Contact.objects.order_by("id") if after is None else Contact.objects.filter(id__gt=after).order_by("id")
            )
            ids = list(rows.values_list("id", flat=True)[:BATCH])
            done += len(ids)
            _recount(ids, done=done, at=clock.now())
        if len(ids) < BATCH:
            return
        after = ids[-1]


def _recount(ids: Sequence[UUID], *, done: int, at: datetime) -> None:
    scoring = locked(at=at)
    take_in_set_scores(at=at, ids=ids)
    ScoreEntry.objects.filter(contact_id__in=ids, rule__isnull=False).delete()
    _count(since=None, ids=ids, at=at)
    refresh(ids, scoring=scoring, at=at)
    scoring.recount_done = done
    if len(ids) < BATCH:
        scoring.recounting_since, scoring.counted_at = None, at
    scoring.save(update_fields=["recount_done", "recounting_since", "counted_at"])
