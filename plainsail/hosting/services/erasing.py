"""Erasing a business: table by table, a batch a transaction, so that whoever is killed in between goes on where it was.

What the law wants kept is copied in the statement's own transaction, chosen columns only, to where the product never
looks (`KeptRecord`). So the product's tables end up empty, and "what is left" is a list and not a search.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from plainsail.accounts.services import hosts
from plainsail.hosting.models import Closure, ClosureFact, KeptRecord
from plainsail.hosting.services import inventory, retention
from plainsail.hosting.services.inventory import Table
from plainsail.kernel import environment
from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.models import Due, Workspace
from plainsail.kernel.personal_data import Kept
from plainsail.kernel.tenancy import workspace

logger = logging.getLogger("plainsail.hosting")

BATCH = 5000
BEGUN = "erasing"
"""Fact with what was there: `{"rows": {label: number}}`."""
STAYS_QUEUED = ["mail.deliver_sealed", "kernel.due_run", "hosting.advance"]
"""Jobs that bring this to its end, and letters to the owner."""


def clear(workspace_id: UUID, *, began: ClosureFact, policy: dict[str, Any], zone: str) -> None:
    """Take everything of a business out of the product. Opens its own transactions; may be called again after a crash.

    A statement for each batch of 5,000 rows, and one for all visits. `began.at` is the moment from which kept things count.
    """
    _cut_circles(workspace_id)
    for table in inventory.tables():
        while _take_out(workspace_id, table, policy=policy, at=began.at, zone=zone) == BATCH:
            pass
    _clear_shared(workspace_id)
    here = environment.current()
    for folder in (here.files_of(workspace_id), here.exports_of(workspace_id)):
        shutil.rmtree(folder, ignore_errors=True)


def _cut_circles(workspace_id: UUID) -> None:
    for cut in inventory.cuts():
        with workspace(workspace_id), connection.cursor() as cursor:
            _say_erasing(cursor)
            statement = f'UPDATE "{cut.table}" SET "{cut.column}" = NULL WHERE workspace_id = %s'
            cursor.execute(f'{statement} AND "{cut.column}" IS NOT NULL', [workspace_id])


def _take_out(workspace_id: UUID, table: Table, *, policy: dict[str, Any], at: datetime, zone: str) -> int:
    """Delete up to BATCH rows, with copies of what is kept; returns how many. All of a partitioned table at once."""
    kept = table.answer.kept
    with workspace(workspace_id), connection.cursor() as cursor:
        _say_erasing(cursor)
        chosen = f'DELETE FROM "{table.name}" gone WHERE workspace_id = %s'
        if not table.is_partitioned:
            chosen += f' AND id IN (SELECT id FROM "{table.name}" WHERE workspace_id = %s ORDER BY id LIMIT {BATCH})'
        arguments = [workspace_id] if table.is_partitioned else [workspace_id, workspace_id]
        if kept is None:
            cursor.execute(chosen, arguments)
            return 0 if table.is_partitioned else int(cursor.rowcount)
        cursor.execute(f"{chosen} RETURNING to_jsonb(gone.*)::text", arguments)
        rows = [json.loads(text) for (text,) in cursor.fetchall()]
        copies = _copies(rows, table, kept, policy=policy, at=at, zone=zone)
        KeptRecord.objects.bulk_create(copies, batch_size=1000)
    return len(rows)


def _say_erasing(cursor: Any) -> None:
    """Triggers that hold what was booked, numbered or declared let it go in this transaction."""
    cursor.execute("SELECT set_config('plainsail.erasing', 'on', true)")


def _copies(
    rows: Iterable[dict[str, Any]], table: Table, kept: Kept, *, policy: dict[str, Any], at: datetime, zone: str
) -> Iterator[KeptRecord]:
    for row in rows:
        if kept.only_if and not row[kept.only_if]:
            continue
        since = row[kept.dated] if kept.dated else None
        until = retention.until(
            policy,
            kept.category,
            since=datetime.fromisoformat(since) if since else None,
            erased_at=at,
            zone=zone,
        )
        if until > at:
            yield KeptRecord(
                table=table.label, category=kept.category, row=_copy(row, kept), kept_until=until, created_at=at
            )


def _copy(row: dict[str, Any], kept: Kept) -> dict[str, Any]:
    copied = {column: row[column] for column in kept.columns}
    hashed = {f"{column}_hash": keyed_hash("hosting.kept", row[column]) for column in kept.hashed if row[column]}
    return copied | hashed


def _clear_shared(workspace_id: UUID) -> None:
    """This business's rows of tables that it shares with others, and what the queue still holds for it."""
    for model in inventory.shared():
        with workspace(workspace_id):
            clear_rows = GENTLY.get(inventory.label_of(model))
            if clear_rows is not None:
                clear_rows(workspace_id)
            else:
                model._default_manager.filter(workspace_id=workspace_id).delete()
    with workspace(workspace_id), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND task_name <> ALL(%s) "
            "AND (args->>'workspace' = %s OR args->'call'->'workspace_id'->>'$id' = %s)",
            [STAYS_QUEUED, str(workspace_id), str(workspace_id)],
        )
    with workspace(workspace_id):
        _leave_the_stone(workspace_id)


def _leave_the_stone(workspace_id: UUID) -> None:
    """The row of the business stays, without a word of it: what is kept hangs on it."""
    Workspace.objects.filter(id=workspace_id).update(
        name="", slug=f"erased-{workspace_id.hex[-24:]}", postal_address="", state=Workspace.State.CLOSED
    )


def _let_hosts_go(workspace_id: UUID) -> None:
    hosts.forget_sites(Workspace.objects.get(id=workspace_id))


def _end_due_work(workspace_id: UUID) -> None:
    """Its own kinds go on: they bring this to its end, and later take away what is kept."""
    Due.objects.filter(workspace_id=workspace_id).exclude(kind__startswith="hosting.").delete()


GENTLY: dict[str, Callable[[UUID], None]] = {"accounts.host": _let_hosts_go, "kernel.due": _end_due_work}
"""Shared tables of which not every row goes."""


def forget_closures(*, but: Closure) -> None:
    """Former closings that were taken back prove nothing any more. In the open workspace."""
    with connection.cursor() as cursor:
        _say_erasing(cursor)
    ClosureFact.objects.exclude(closure=but).delete()
    Closure.objects.exclude(pk=but.pk).delete()


def certify(closure: Closure, began: ClosureFact, *, name: str, at: datetime) -> dict[str, Any]:
    """The facts of an erasure: rows by table, what is kept by class, until when. In the open workspace."""
    zone = closure.workspace.timezone
    return {
        "business": name,
        "zone": zone,
        "reference": str(closure.id),
        "asked_at": closure.asked_at.isoformat(),
        "began_at": began.at.isoformat(),
        "erased_at": at.isoformat(),
        "rows": began.details["rows"],
        "kept": [*kept_of(), _proof(closure.policy, at=at, zone=zone)],
        "backups_until": retention.after(closure.policy, "backups_max", at, zone=zone).isoformat(),
    }


def kept_of() -> list[dict[str, Any]]:
    """What is kept of the open workspace: `{category, rows, until}` by class, the last day of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT category, count(*), max(kept_until) FROM hosting_keptrecord "
            "WHERE workspace_id = (SELECT current_setting('plainsail.workspace')::uuid) GROUP BY category ORDER BY category"
        )
        rows = cursor.fetchall()
    return [{"category": category, "rows": number, "until": until.isoformat()} for category, number, until in rows]


def would_keep(policy: dict[str, Any], *, at: datetime, zone: str) -> list[dict[str, Any]]:
    """What an erasure at a moment would keep of the open workspace, in the same shape. A query for each table kept from."""
    found: dict[str, dict[str, Any]] = {}
    for table in inventory.tables():
        kept = table.answer.kept
        if kept is None:
            continue
        number, newest = _count_kept(table, kept)
        if not number:
            continue
        until = retention.until(policy, kept.category, since=newest, erased_at=at, zone=zone)
        entry = found.setdefault(kept.category, {"category": kept.category, "rows": 0, "until": until.isoformat()})
        entry["rows"] += number
        entry["until"] = max(entry["until"], until.isoformat())
    return [*(found[key] for key in sorted(found)), _proof(policy, at=at, zone=zone)]


def _count_kept(table: Table, kept: Kept) -> tuple[int, datetime | None]:
    only = f"AND \"{kept.only_if}\" <> ''" if kept.only_if else ""
    newest = f'max("{kept.dated}")' if kept.dated else "NULL::timestamptz"
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*), {newest} FROM "{table.name}" '
            f"WHERE workspace_id = (SELECT current_setting('plainsail.workspace')::uuid) {only}"
        )
        number, latest = cursor.fetchone()
    return int(number), latest


def _proof(policy: dict[str, Any], *, at: datetime, zone: str) -> dict[str, Any]:
    until = retention.until(policy, "proof", since=at, erased_at=at, zone=zone)
    return {"category": "proof", "rows": 1, "until": until.isoformat()}
