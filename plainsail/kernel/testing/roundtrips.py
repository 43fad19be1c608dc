"""Fewer trips to the database: what only opens or closes a block travels with the statement that comes next.

In a test everything happens inside one transaction, so each `workspace()` is a savepoint: four statements around what
it is there for, which were half of all that tests sent. Savepoints, their releases and the name of the open workspace
now wait, in their order, for the next statement, and go in front of it in the same message. A block in which nothing
is asked sends nothing. The database sees the same statements in the same order, but for those of empty blocks. Where a
test counts statements, none waits.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import connection
from django.db.backends.postgresql.base import Cursor, DatabaseWrapper
from psycopg.pq import TransactionStatus

TELL = "SELECT set_config('plainsail.workspace', %s, true)"
"""What `tenancy` says at the beginning and the end of a workspace's block; nobody reads its answer."""


def install(options: dict[str, Any]) -> None:
    """Have every connection of this process send so; `options` are those of the database."""
    options["cursor_factory"] = PatientCursor
    DatabaseWrapper._savepoint = _savepoint
    DatabaseWrapper._savepoint_commit = _savepoint_commit
    DatabaseWrapper._savepoint_rollback = _savepoint_rollback
    DatabaseWrapper._commit = _forgetting(DatabaseWrapper._commit)
    DatabaseWrapper._rollback = _forgetting(DatabaseWrapper._rollback)


def _waiting(own: Any) -> list[str]:
    """The statements that wait, kept with psycopg's own connection."""
    return own.__dict__.setdefault("_waiting", [])


class PatientCursor(Cursor):
    """Sends what waits in front of its own statement, and shows the results of its own alone."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        waiting = _waiting(self.connection)
        may_wait = not self.connection.autocommit and not connection.queries_logged
        if query == TELL and may_wait and self.connection.info.transaction_status != TransactionStatus.INERROR:
            if waiting and waiting[-1].startswith("SELECT set_config"):
                waiting.pop()
            waiting.append(TELL.replace("%s", f"'{params[0]}'"))
            return self
        ahead = len(waiting)
        super().execute(query, params, **options)
        for _result in range(ahead):
            self.nextset()
        return self

    def executemany(self, *arguments: Any, **options: Any) -> None:
        self._send_what_waits()
        super().executemany(*arguments, **options)

    def copy(self, *arguments: Any, **options: Any) -> Any:
        self._send_what_waits()
        return super().copy(*arguments, **options)

    def _send_what_waits(self) -> None:
        if _waiting(self.connection):
            self.execute("SELECT")

    def _execute_send(self, query: Any, **options: Any) -> None:
        waiting = _waiting(self._conn)
        if waiting:
            query.query = "; ".join([*waiting, ""]).encode() + query.query
            waiting.clear()
        super()._execute_send(query, **options)


def _savepoint(self: DatabaseWrapper, sid: str) -> None:
    if self.queries_logged:
        _send(self, _begin(self, sid))
    else:
        _waiting(self.connection).append(_begin(self, sid))


def _savepoint_commit(self: DatabaseWrapper, sid: str) -> None:
    waiting = _waiting(self.connection)
    if self.queries_logged:
        _send(self, self.ops.savepoint_commit_sql(sid))
    elif _begin(self, sid) in waiting:
        waiting.remove(_begin(self, sid))  # nothing was asked inside
    else:
        waiting.append(self.ops.savepoint_commit_sql(sid))


def _savepoint_rollback(self: DatabaseWrapper, sid: str) -> None:
    waiting = _waiting(self.connection)
    if _begin(self, sid) in waiting:
        del waiting[waiting.index(_begin(self, sid)) + 1 :]
    else:
        # All of it came after the savepoint, and would be undone.
        waiting.clear()
    if not waiting or self.queries_logged:
        _send(self, self.ops.savepoint_rollback_sql(sid))


def _send(self: DatabaseWrapper, statement: str) -> None:
    with self.cursor() as cursor:
        cursor.execute(statement)


def _begin(self: DatabaseWrapper, sid: str) -> str:
    return self.ops.savepoint_create_sql(sid)


def _forgetting(end: Any) -> Any:
    """Whatever waits at a transaction's end would end with it."""

    def forget_and_end(self: DatabaseWrapper) -> None:
        if self.connection is not None:
            _waiting(self.connection).clear()
        end(self)

    return forget_and_end
