"""A file of contacts: received, understood, checked, written in chunks, and undone (`importing_undo`).

A chunk is written in one transaction together with how far the import is, so a worker may be killed at any moment: the
next one goes on where the last whole chunk ended. Two workers on one import meet at its row; the slower one leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected, UniqueViolation

from plainsail.contacts.models import CustomField, Import, ImportFault, ImportMapping
from plainsail.contacts.services import fields as own_fields
from plainsail.contacts.services import importing_guessing as guessing
from plainsail.contacts.services import importing_reading as reading
from plainsail.contacts.services import importing_undo, tags
from plainsail.contacts.services import importing_writing as writing
from plainsail.contacts.services.importing_batches import Batch, ahead, batches
from plainsail.contacts.services.importing_reading import Fault, Layout, Unreadable
from plainsail.contacts.services.importing_rows import Rows, day_orders
from plainsail.contacts.services.importing_writing import Tally, Terms
from plainsail.kernel import clock, due, environment, tenancy
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction

if TYPE_CHECKING:
    from plainsail.accounts.models import User

CHUNK = 8000
MOST_TRIES = 5
LARGEST = 1024 * 1024 * 1024
SAMPLES = 100
TELLING = 5000
"""Rows from which is found out whether days or months come first."""
MOST_FAULTS = 100_000
"""Faults that are written down; what follows is only counted."""
FORGOTTEN = "contacts.imports_forgotten"
"""Kind of due work: a file that nobody went on with goes."""
WAITS = timedelta(days=14)
State = Import.State


class FileTooLarge(Refusal):
    """More than a gigabyte."""

    code = "file_too_large"
    message = _("The file is larger than one gigabyte. Split it.")
    status = 413


class NoAddressColumn(Refusal):
    """Nobody said which column is the address."""

    code = "no_address_column"
    message = _("Say which column holds the e-mail addresses; exactly one can.")
    status = 422


class NoBasis(Refusal):
    """People were to be put on a list without a word on why they may be."""

    code = "no_basis"
    message = _(
        "Say where these addresses come from and how people agreed, and since when. Without it nobody can be put on a list."
    )
    status = 422


class NotNow(Refusal):
    """The import stands elsewhere than whoever asked thought."""

    code = "import_elsewhere"
    message = _("The import has gone on meanwhile. Look at where it stands.")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What somebody wants done with a file: a target a column, and what goes for all rows."""

    targets: Sequence[str]
    rule: str = Import.Rule.FILL
    list_ids: Sequence[UUID] = ()
    tags: Sequence[str] = ()
    basis: str = ""
    basis_on: date | None = None
    is_announced: bool = False


def receive(workspace: Workspace, *, name: str, chunks: Iterable[bytes], by: User | None, at: datetime) -> Import:
    """Store a file as it comes, and find out what is in it. One that can't be read becomes a failed import that says why.

    Raises FileTooLarge.
    """
    made = Import(id=new_id(), name=name.replace("\0", "")[-200:], asked_by=by, created_at=at)
    made.workspace = workspace
    path = path_of(made)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = 0
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST:
                    raise FileTooLarge(field="file")
                file.write(chunk)
        _understand(made, path, layout=None)
        due.schedule(FORGOTTEN, at + WAITS)
    except Refusal as refusal:
        path.unlink(missing_ok=True)
        if not isinstance(refusal, Unreadable):
            raise
        _fail(made, refusal, at=at)
    return made


def _understand(made: Import, path: Path, *, layout: Layout | None) -> None:
    layout = layout or reading.inspect(path)
    made.layout, made.columns = layout.as_dict(), reading.columns(path, layout)
    rows = [record[1] for record in islice(reading.read(path, layout), SAMPLES) if not isinstance(record, Fault)]
    program = guessing.program_of(made.columns)
    made.targets = guessing.guess(made.columns, rows, _fields(), program=program)
    made.save()


def _fail(made: Import, refusal: Unreadable, *, at: datetime) -> None:
    made.state, made.error, made.ended_at = State.FAILED, str(refusal), at
    made.save()
    _write_down(made, [refusal.fault])


def _fields() -> list[CustomField]:
    return list(CustomField.objects.filter(archived_at=None).order_by("position", "id"))


def path_of(made: Import) -> Path:
    """Where the file lies until the import is over."""
    return environment.current().files_of(made.workspace_id) / "imports" / made.id.hex


def layout_of(made: Import) -> Layout:
    return Layout(**made.layout)


@transaction.atomic
def read_as(made: Import, *, encoding: str, delimiter: str, has_head: bool) -> Import:
    """Read the file differently than was guessed. Raises NotNow, Unreadable."""
    locked = _locked(made, State.DRAFT, State.CHECKED)
    layout = replace(layout_of(locked), encoding=encoding, delimiter=delimiter, has_head=has_head)
    locked.state = State.DRAFT
    _understand(locked, path_of(locked), layout=layout)
    return locked


@transaction.atomic
def map_like(made: Import, targets: Mapping[str, str]) -> Import:
    """Say what the columns are as a mapping does that was kept, or that of another program. Raises NotNow."""
    locked = _locked(made, State.DRAFT, State.CHECKED)
    locked.targets, locked.state = guessing.from_saved(locked.columns, targets), State.DRAFT
    locked.save(update_fields=["targets", "state"])
    return locked


@transaction.atomic
def keep_mapping(made: Import, *, name: str, at: datetime) -> ImportMapping:
    """Keep what the columns are for the next file like this one; one of the same name is replaced."""
    targets = {column.strip().lower(): target for column, target in zip(made.columns, made.targets, strict=True)}
    kept: ImportMapping
    kept, _made = ImportMapping.objects.update_or_create(
        name=name, defaults={"targets": targets}, create_defaults={"targets": targets, "created_at": at}
    )
    return kept


def preview(made: Import, *, rows: int = 20) -> list[list[str]]:
    """The first rows as they are read, each as wide as the head. Empty where the file can't be read."""
    width = len(made.columns)
    try:
        found = list(islice(reading.read(path_of(made), layout_of(made)), rows))
    except (Unreadable, OSError):
        return []
    return [
        [cell[:80] for cell in (*record[1], *[""] * width)][:width] for record in found if not isinstance(record, Fault)
    ]


@transaction.atomic
def define(made: Import, wishes: Wishes, *, at: datetime) -> Import:
    """Settle what is to be done, and have it checked: nothing is written yet but new custom fields and tags.

    Raises NotNow, NoAddressColumn, NoBasis, and what making a field raises.
    """
    locked = _locked(made, State.DRAFT, State.CHECKED)
    targets = list(wishes.targets)
    if targets.count(guessing.EMAIL) != 1 or len(targets) != len(locked.columns):
        raise NoAddressColumn(field="targets")
    if (wishes.list_ids or guessing.LISTS in targets) and not (wishes.basis.strip() and wishes.basis_on):
        raise NoBasis(field="basis")
    workspace = locked.workspace
    locked.targets = [_settled(workspace, *pair, at=at) for pair in zip(locked.columns, targets, strict=True)]
    locked.rule, locked.basis, locked.basis_on = wishes.rule, wishes.basis.strip(), wishes.basis_on
    locked.list_ids = [str(one.id) for one in workspace.lists.filter(id__in=wishes.list_ids, archived_at=None)]
    locked.tag_ids = [str(tags.named(workspace, name).id) for name in wishes.tags if name.strip()]
    locked.is_announced, locked.state = wishes.is_announced, State.CHECKING
    locked.rows_done, locked.rows_total, locked.forecast, locked.error = 0, None, {}, ""
    locked.save()
    check.once(_key(locked), workspace_id=locked.workspace_id, import_id=locked.id)
    return locked


def _settled(workspace: Workspace, column: str, target: str, *, at: datetime) -> str:
    if not target.startswith(guessing.NEW):
        return target
    made = own_fields.define(workspace, label=column[:100], kind=target.removeprefix(guessing.NEW), at=at)
    return f"{guessing.FIELD}{made.key}"


def _locked(made: Import, *states: str) -> Import:
    found: Import = Import.objects.select_for_update(no_key=True).get(pk=made.pk)
    if found.state not in states:
        raise NotNow
    return found


def _key(made: Import) -> str:
    return f"import:{made.id}"


@transaction.atomic
def start(made: Import, *, at: datetime) -> None:
    """Begin to write what was checked. Raises NotNow."""
    locked = _locked(made, State.CHECKED)
    locked.faults.all().delete()
    locked.state, locked.started_at, locked.rows_done, locked.tally = State.RUNNING, at, 0, {}
    locked.save(update_fields=["state", "started_at", "rows_done", "tally"])
    run.once(_key(locked), workspace_id=locked.workspace_id, import_id=locked.id)


@transaction.atomic
def pause(made: Import) -> None:
    """Stop after the chunk that is under way; what is written stays. Raises NotNow."""
    locked = _locked(made, State.RUNNING)
    locked.state = State.PAUSED
    locked.save(update_fields=["state"])


@transaction.atomic
def resume(made: Import) -> None:
    """Go on after a pause. Raises NotNow."""
    locked = _locked(made, State.PAUSED)
    locked.state = State.RUNNING
    locked.save(update_fields=["state"])
    run.once(_key(locked), workspace_id=locked.workspace_id, import_id=locked.id)


@transaction.atomic
def cancel(made: Import, *, at: datetime) -> None:
    """Don't go on, and forget the file. What is written stays until it is undone. Raises NotNow."""
    locked = _locked(made, State.DRAFT, State.CHECKING, State.CHECKED, State.RUNNING, State.PAUSED)
    locked.state, locked.ended_at = State.CANCELLED, at
    locked.save(update_fields=["state", "ended_at"])
    transaction.on_commit(lambda: path_of(locked).unlink(missing_ok=True))


@due.runs(FORGOTTEN)
def forget(*, at: datetime) -> datetime | None:
    """Drop imports that waited for a word for two weeks, with their files; returns when the next one is due."""
    waiting = Import.objects.filter(state__in=(State.DRAFT, State.CHECKED, State.PAUSED))
    for made in waiting.filter(created_at__lte=at - WAITS):
        cancel(made, at=at)
    first: datetime | None = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    return first + WAITS if first is not None else None


def _batches(made: Import) -> Iterator[Batch]:
    """The rest of the file in chunks."""
    with tenancy.workspace(made.workspace_id):
        # Where two are called the same, the first that was made and is not put away is meant.
        named = made.workspace.lists.order_by(F("archived_at").asc(nulls_last=True), "-created_at")
        lists = {one.name: None if one.archived_at else one.id for one in named}
        words = {one.slug: one.name for one in made.workspace.tags.filter(id__in=made.tag_ids)}
        fields = _fields()
    first = islice(reading.read(path_of(made), layout_of(made)), TELLING)
    rows = Rows(made.columns, made.targets, fields, lists, day_orders(first, made.targets, fields))
    found = batches(
        iter(reading.read(path_of(made), layout_of(made), skip=made.rows_done)),
        rows,
        size=CHUNK,
        overwrites=made.rule == Import.Rule.OVERWRITE,
        lists=[UUID(key) for key in made.list_ids],
        tags=words,
    )
    return ahead(found)


@transaction.atomic
def undo(made: Import) -> None:
    """Take back what an import did, as far as nothing happened since. Raises NotNow."""
    locked = _locked(made, State.DONE, State.CANCELLED)
    if locked.started_at is None:
        raise NotNow
    locked.state = State.UNDOING
    locked.faults.all().delete()
    locked.rows_done, locked.rows_total = 0, locked.people.count()
    locked.save(update_fields=["state", "rows_done", "rows_total"])
    importing_undo.take_back.once(_key(locked), workspace_id=locked.workspace_id, import_id=locked.id)


@job("contacts.check_import")
@outside_transaction
def check(*, workspace_id: UUID, import_id: UUID) -> None:
    """Read the whole file and count what importing it would do. A check that is cut short begins anew."""
    made = _found(workspace_id, import_id, State.CHECKING)
    if made is None:
        return
    with tenancy.workspace(workspace_id):
        made.faults.all().delete()
        made.rows_done = 0
    total = Tally()
    writing.forget_seen()
    try:
        for batch in _batches(made):
            with tenancy.workspace(workspace_id):
                if _found(workspace_id, import_id, State.CHECKING, is_locked=True) is None:
                    return
                placeholders = {slug: new_id() for one in batch.people for slug in one.tags}
                placeholders |= {one.slug: one.id for one in made.workspace.tags.filter(slug__in=placeholders)}
                found = writing.foresee(
                    batch.people, batch.staged, placeholders, _terms(made, at=clock.now()), batch.faults
                )
                total = total + batch.tally + found
                _write_down(made, batch.faults)
                made.rows_done += batch.rows
                Import.objects.filter(pk=made.pk).update(rows_done=made.rows_done, forecast=asdict(total))
        _end_check(made)
    except Unreadable as unreadable:
        with tenancy.workspace(workspace_id):
            _fail(made, unreadable, at=clock.now())
        path_of(made).unlink(missing_ok=True)
    finally:
        writing.forget_seen()


def _end_check(made: Import) -> None:
    with tenancy.workspace(made.workspace_id):
        Import.objects.filter(pk=made.pk, state=State.CHECKING).update(
            state=State.CHECKED, rows_total=made.rows_done, rows_done=0
        )


@job("contacts.run_import")
@outside_transaction
def run(*, workspace_id: UUID, import_id: UUID) -> None:
    """Write the rest of an import, some thousand rows a transaction, until it is done, paused or cancelled."""
    made = _found(workspace_id, import_id, State.RUNNING)
    if made is None:
        return
    try:
        for batch in _batches(made):
            if not _write_whole(made, batch):
                return
        with tenancy.workspace(workspace_id):
            done = Import.objects.filter(pk=made.pk, state=State.RUNNING, rows_done=made.rows_done)
            is_done = done.update(state=State.DONE, ended_at=clock.now())
        if is_done:
            # Once that is committed: whoever is killed in between must leave the file to the next.
            path_of(made).unlink(missing_ok=True)
    except (Unreadable, FileNotFoundError) as error:
        _stop_broken(made, error)


def _write_whole(made: Import, batch: Batch) -> bool:
    """Write a chunk in a transaction of its own, again where somebody else wrote of the same people at that moment."""
    tries = 0
    while True:
        try:
            with tenancy.workspace(made.workspace_id):
                return _write(made, batch)
        except (IntegrityError, OperationalError) as error:
            tries += 1
            if tries == MOST_TRIES or not isinstance(error.__cause__, UniqueViolation | DeadlockDetected):
                raise


def _write(made: Import, batch: Batch) -> bool:
    """Write a chunk and how far that is; False where somebody stopped the import, or another worker was here first."""
    locked = _found(made.workspace_id, made.id, State.RUNNING, is_locked=True)
    if locked is None or locked.rows_done != made.rows_done:
        return False
    at = made.started_at or clock.now()
    words = {slug: name for one in batch.people for slug, name in one.tags.items()}
    tag_ids = _tag_ids(made.workspace, words, at=at)
    faults = [*batch.faults]
    found = writing.write(batch.people, batch.staged, tag_ids, _terms(made, at=at), faults)
    tally = Tally(**locked.tally) + batch.tally + found
    _write_down(made, faults)
    made.rows_done += batch.rows
    Import.objects.filter(pk=made.pk).update(rows_done=made.rows_done, tally=asdict(tally))
    return True


def _tag_ids(workspace: Workspace, words: Mapping[str, str], *, at: datetime) -> dict[str, UUID]:
    known = {one.slug: one for one in workspace.tags.filter(slug__in=words)}
    known |= {slug: tags.named(workspace, name) for slug, name in words.items() if slug not in known}
    for lasting in [one.lasts_days for one in known.values() if one.lasts_days]:
        due.schedule(tags.EXPIRING, at + timedelta(days=lasting))
    return {slug: one.id for slug, one in known.items()}


def _terms(made: Import, *, at: datetime) -> Terms:
    since = f" ({made.basis_on.isoformat()})" if made.basis_on else ""
    return Terms(
        import_id=made.id,
        overwrites=made.rule == Import.Rule.OVERWRITE,
        basis=f"{made.basis}{since}",
        is_announced=made.is_announced,
        at=at,
    )


def _found(workspace_id: UUID, import_id: UUID, state: str, *, is_locked: bool = False) -> Import | None:
    with tenancy.workspace(workspace_id):
        rows = Import.objects.select_related("workspace").filter(id=import_id, state=state)
        found: Import | None = (rows.select_for_update(no_key=True, of=("self",)) if is_locked else rows).first()
        return found


def _stop_broken(made: Import, error: Exception) -> None:
    with tenancy.workspace(made.workspace_id):
        reason = str(error) if isinstance(error, Unreadable) else str(_("The file is no longer there."))
        Import.objects.filter(pk=made.pk, state=State.RUNNING).update(
            state=State.CANCELLED, error=reason, ended_at=clock.now()
        )
        if isinstance(error, Unreadable):
            _write_down(made, [error.fault])
    path_of(made).unlink(missing_ok=True)


def _write_down(made: Import, faults: Sequence[Fault]) -> None:
    if not faults:
        return
    room = max(0, MOST_FAULTS - made.faults.count())
    rows = [
        ImportFault(
            origin=made, row=one.row, column=one.column[:100], value=_storable(one.value), reason=one.reason[:300]
        )
        for one in faults[:room]
    ]
    ImportFault.objects.bulk_create(rows, batch_size=2000)


def _storable(value: str) -> str:
    return value.replace("\0", "?").encode("utf-8", "replace").decode()[:200]
