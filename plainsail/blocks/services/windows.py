"""What an editor's window asks about its document, and what it hears, as JSON: the same at pages and at mails.

Each question takes a `Desk` and what the window sent, and gives what it hears. What the answers hold beside that is up to
the area whose document it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.blocks.services import comparing
from plainsail.blocks.services import presence as presences
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.edits import EditRequest, read
from plainsail.blocks.services.histories import ChangedSince, Edited, Met
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.kernel.errors import Refusal

Said = dict[str, Any]


class Row(Protocol):
    """What holds a document: a page, a mail."""

    id: Any
    revision: Any


R = TypeVar("R", bound=Row)


class Editing(Protocol[R]):
    """The verbs of an area's documents; its module `services.editing`."""

    def apply(
        self,
        row: R,
        changes: Sequence[object],
        /,
        *,
        revision: int,
        by: User | None,
        at: datetime,
        token: UUID | None,
        known: Collection[UUID],
    ) -> Edited[R, Any]: ...

    def undo(self, row: R, /, *, revision: int, by: User | None, at: datetime) -> Edited[R, Any]: ...

    def redo(self, row: R, /, *, revision: int, by: User | None, at: datetime) -> Edited[R, Any]: ...

    def pass_over(self, row: R, /, *, by: User | None, at: datetime) -> None: ...

    def seen(self, row: R, /, *, revision: int) -> Edited[R, Any]: ...


@dataclass(frozen=True)
class Desk(Generic[R]):
    """Who is at which document, and when. `changed` words for its area what is different, with the panel that is wanted."""

    row: R
    editing: Editing[R]
    changed: Callable[[Edited[R, Any], str], Said]
    by: User
    at: datetime


Question = Callable[[Desk[R], EditRequest], Said]


def answer(ask: Question[R], desk: Desk[R], body: bytes) -> tuple[Said, int]:
    """What the window hears to a question, and its status; a refusal is an answer too."""
    try:
        return ask(desk, read(body)), HTTPStatus.OK
    except Refusal as refusal:
        return refused(refusal), refusal.status


def edits(desk: Desk[R], sent: EditRequest) -> Said:
    """Make the window's operations. Raises what the area's `apply` does."""
    edited = desk.editing.apply(
        desk.row,
        sent.operations,
        revision=sent.revision,
        by=desk.by,
        at=desk.at,
        token=sent.token,
        known=sent.known,
    )
    return desk.changed(edited, sent.panel)


def undo(desk: Desk[R], sent: EditRequest) -> Said:
    """Take back the person's newest change. Raises what the area's `undo` does.

    What can't be taken back, because of what somebody else did since, stands: it is said, and the next Undo goes on before it.
    """
    try:
        edited = desk.editing.undo(desk.row, revision=sent.revision, by=desk.by, at=desk.at)
    except ChangedSince:
        desk.editing.pass_over(desk.row, by=desk.by, at=desk.at)
        raise
    return desk.changed(edited, sent.panel)


def redo(desk: Desk[R], sent: EditRequest) -> Said:
    """Bring back the change that was taken back last. Raises what the area's `redo` does."""
    return desk.changed(desk.editing.redo(desk.row, revision=sent.revision, by=desk.by, at=desk.at), sent.panel)


def presence(desk: Desk[R], sent: EditRequest) -> Said:
    """Note that the window is here; who else is, and what they changed. Raises InvalidOperation, and what `seen` does."""
    window = _window(sent)
    others = presences.tell(desk.row.id, window=window, person=desk.by, section=sent.panel, at=desk.at)
    seen = desk.editing.seen(desk.row, revision=sent.revision)
    said = desk.changed(seen, "") if desk.row.revision != sent.revision else {}
    return said | {"others": [{"name": each.name, "section": each.section, "self": each.is_self} for each in others]}


def absence(desk: Desk[R], sent: EditRequest) -> Said:
    """Note that the window was closed. Raises InvalidOperation."""
    presences.leave(desk.row.id, window=_window(sent), person=desk.by)
    return {}


def wanted(edited: Edited[R, Any], panel: str) -> str:
    """Whose settings the window wants to see: `new` stands for the first block that has come."""
    if panel != "new":
        return panel
    known = {block.id for block in edited.before.walk()}
    return next((block.id for block in edited.after.walk() if block.id not in known), "")


def met(edited: Edited[R, Any]) -> list[Said]:
    """The operations that were given back, in words: what both wanted, and who the other is."""
    return [_met(each, edited) for each in edited.met]


def refused(refusal: Refusal) -> Said:
    """An expected “no”, with what is wrong under each path."""
    errors = refusal.errors if isinstance(refusal, InvalidDocument) else {}
    return {"code": refusal.code, "message": str(refusal), "errors": errors, "field": refusal.field or ""}


def _window(sent: EditRequest) -> UUID:
    if sent.window is None:
        raise InvalidOperation
    return sent.window


def _met(met: Met[Any], edited: Edited[R, Any]) -> Said:
    said = comparing.describe(met.operation, before=edited.before, now=edited.after)
    step = met.step
    who = str(step.by) if step and step.by else _("Somebody")
    at = date_format(localtime(step.at), "TIME_FORMAT") if step and step.at else ""
    return {
        "operation": met.operation,
        "section": said.section,
        "setting": said.setting,
        "mine": said.mine,
        "theirs": said.theirs,
        "gone": said.is_gone,
        "by": _("%(who)s, at %(time)s") % {"who": who, "time": at} if at else who,
    }
