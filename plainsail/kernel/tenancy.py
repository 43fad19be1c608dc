"""The current workspace: one transaction, one tenant, told to the database as well as to Python.

Row-level security refuses what a forgotten filter would have shown; the managers of `kernel.models` add the filter so
that the planner sees a constant. It covers mistakes, not code execution as the application's role.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.db import connection, transaction

if TYPE_CHECKING:
    from plainsail.kernel.models import Workspace

audit = logging.getLogger("plainsail.audit")

SHARED_TABLES = frozenset(
    {
        "kernel_workspace",
        "kernel_due",
        "accounts_user",
        "accounts_membership",
        "accounts_host",
        "accounts_apikey",
        "tracking_landing",
        "tracking_viewbundle",
        "mail_straymail",
        "payments_inboundendpoint",
        "hosting_billinglink",
        "hosting_allowance",
        "funnels_sharecode",
    }
)
"""Tables of ours without row-level security: what must be found before a workspace is known. A closed list."""

SHARED_PREFIXES = ("django_", "auth_", "account_", "mfa_", "usersessions_", "socialaccount_", "procrastinate_")

_current: ContextVar[UUID | None] = ContextVar("workspace", default=None)

F = TypeVar("F", bound=Callable[..., object])


class WorkspaceRequired(Exception):
    """A tenant's table was touched outside `with workspace(...)`."""


class AnotherWorkspace(Exception):
    """A workspace was opened inside another one."""


def current_workspace_id() -> UUID:
    """Id of the workspace whose transaction is open. Raises WorkspaceRequired."""
    if (current := _current.get()) is None:
        raise WorkspaceRequired("No workspace is open here.")
    return current


def has_workspace() -> bool:
    return _current.get() is not None


def is_closed(workspace_id: UUID) -> bool:
    """Whether a business is closed, or on its way to be erased: nothing is done in it. One query by primary key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state <> 'open' FROM kernel_workspace WHERE id = %s", [workspace_id])
        row = cursor.fetchone()
    return bool(row and row[0])


@contextmanager
def workspace(subject: Workspace | UUID) -> Iterator[UUID]:
    """Open a transaction in which the database shows this workspace's rows and no others.

    Raises AnotherWorkspace inside the block of a different one; the same one may be nested (a savepoint).
    """
    workspace_id = subject if isinstance(subject, UUID) else subject.pk
    outer = _current.get()
    if outer is not None and outer != workspace_id:
        raise AnotherWorkspace("One workspace can’t be opened inside another.")
    with transaction.atomic():
        _tell_database(str(workspace_id))
        token = _current.set(workspace_id)
        try:
            yield workspace_id
        finally:
            _current.reset(token)
        if outer is None and not connection.needs_rollback:
            # In an outer transaction (a test, a command) the setting would outlive this block; a rollback undoes it.
            _tell_database("")


def _tell_database(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plainsail.workspace', %s, true)", [value])


def outside_transaction(function: F) -> F:
    """Mark a view or a job that talks to the network: it gets no transaction and opens `workspace()` step by step."""
    function.outside_transaction = True  # type: ignore[attr-defined]  # a mark that the caller reads
    return function


def is_outside_transaction(function: object) -> bool:
    return bool(getattr(function, "outside_transaction", False))


def for_each_workspace(function: Callable[[], None], *, reason: str) -> int:
    """Call a function once in every open workspace, each in a transaction of its own; returns how many. Leaves an audit line."""
    from plainsail.kernel.models import Workspace

    ids = list(Workspace.objects.filter(state=Workspace.State.OPEN).order_by("id").values_list("id", flat=True))
    audit.info("every workspace visited", extra={"reason": reason, "workspaces": len(ids)})
    for workspace_id in ids:
        with workspace(workspace_id):
            function()
    return len(ids)
