"""Everything about contacts in one archive: CSV for people, with the mark that Excel looks for, JSON Lines for programs, and
a manifest that can be checked.

Written page by page, along the index of ids, so that memory stays flat; a draft becomes the archive when it is whole. What
areas above know of contacts comes in by `sockets.EXPORTED`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db.models import F, QuerySet
from django.urls import reverse

from plainsail.accounts.services import hosts
from plainsail.contacts import queries
from plainsail.contacts.models import (
    ConsentEntry,
    Contact,
    ContactExport,
    ContactTag,
    CustomField,
    ListMember,
    Note,
    ScoreEntry,
    Task,
)
from plainsail.contacts.services.contacts import CUSTOM, PROFILE
from plainsail.contacts.sockets import EXPORTED
from plainsail.kernel import cells, clock, due, environment
from plainsail.kernel.crypto import BadToken, sign, verify
from plainsail.kernel.jobs import job
from plainsail.kernel.models import EventRow, Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace

if TYPE_CHECKING:
    from plainsail.accounts.models import User

PURPOSE = "contacts.export"
EXPIRY = "contacts.exports"
"""Kind of due work: an archive that was ready long enough goes."""
KEPT_FOR = timedelta(days=7)
PAGE = 1000
OWN = ("id", "email", *PROFILE, "source", "created_at", "deleted_at")
CONSENTS = ("contact_id", "email", "list", "act", "at", "wording", "source", "form_version", "ip", "user_agent")
EVENTS = ("contact_id", "email", "name", "at", "payload")
NOTES = ("contact_id", "email", "at", "text", "by", "edited_at")
TASKS = ("contact_id", "email", "what", "due_on", "assignee", "created_at", "done_at")
SCORES = ("contact_id", "email", "at", "points", "note", "rule")
State = ContactExport.State
Row = dict[str, Any]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Asked:
    """Whose contacts are wanted, as the list of contacts is asked; everybody who is not deleted where nothing is."""

    text: str = ""
    list_id: str = ""
    tag_id: str = ""
    segment_id: str = ""
    state: str = ""


@dataclass
class Written:
    """What is in an archive: rows by member, and bytes of the whole."""

    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0


def ask(business: Workspace, asked: Asked, *, by: User | None, at: datetime) -> ContactExport:
    """Have an archive made. In the open workspace; raises BadSegment."""
    total = _people(business, asked, at=at).count()
    given = {name: value for name, value in vars(asked).items() if value}
    made: ContactExport = ContactExport.objects.create(asked=given, asked_by=by, rows_total=total, created_at=at)
    make.once(f"contact-export:{made.id}", workspace_id=business.pk, export_id=made.id)
    return made


def _people(business: Workspace, asked: Asked, *, at: datetime) -> QuerySet[Contact]:
    segment = business.segments.filter(id=asked.segment_id).first() if asked.segment_id else None
    among = queries.condition_of(segment.tree, at=at) if segment else None
    return queries.asked_for(
        business, text=asked.text, list_id=asked.list_id, tag_id=asked.tag_id, among=among, state=asked.state
    )


@job("contacts.make_export")
@outside_transaction
def make(*, workspace_id: UUID, export_id: UUID) -> None:
    """Write an archive that was asked for; one that a crash cut short is begun anew."""
    with workspace(workspace_id):
        export: ContactExport | None = ContactExport.objects.filter(id=export_id, state=State.WAITING).first()
        if export is None:
            return
        ContactExport.objects.filter(id=export_id).update(rows_done=0)

    def progress(rows: int) -> None:
        with workspace(workspace_id):
            ContactExport.objects.filter(id=export_id).update(rows_done=rows)

    written = write(workspace_id, path_of(export), Asked(**export.asked), at=clock.now(), progress=progress)
    at = clock.now()
    with workspace(workspace_id):
        ContactExport.objects.filter(id=export_id, state=State.WAITING).update(
            state=State.READY, size=written.size, ready_at=at, expires_at=at + KEPT_FOR
        )
        due.schedule(EXPIRY, at + KEPT_FOR)


@due.runs(EXPIRY, also_when_closed=True)
def expire(*, at: datetime) -> datetime | None:
    """Remove archives that were ready long enough; returns when the next one goes."""
    ready = ContactExport.objects.filter(state=State.READY)
    for export in ready.filter(expires_at__lte=at):
        path_of(export).unlink(missing_ok=True)
    ready.filter(expires_at__lte=at).update(state=State.GONE)
    following: datetime | None = (
        ready.filter(expires_at__gt=at).order_by("expires_at").values_list("expires_at", flat=True).first()
    )
    return following


def path_of(export: ContactExport) -> Path:
    return environment.current().exports_of(export.workspace_id) / f"contacts-{export.id.hex}.zip"


def url(export: ContactExport) -> str:
    """Where the archive is fetched: whoever has the address may, signed in or not."""
    token = sign(PURPOSE, export.workspace_id.bytes + export.id.bytes, at=export.created_at.timestamp())
    return hosts.app_url(reverse("contacts:export_file", "plainsail.urls", [token]))


def find(token: str, *, at: datetime) -> tuple[ContactExport, Path]:
    """The archive of a token, if it is ready. Opens its workspace. Raises BadToken."""
    payload = verify(PURPOSE, token)
    if len(payload) != 32:
        raise BadToken
    with workspace(UUID(bytes=payload[:16])):
        ready = ContactExport.objects.filter(id=UUID(bytes=payload[16:]), state=State.READY)
        found: ContactExport | None = ready.first()
    if found is None or found.expires_at is None or found.expires_at <= at or not path_of(found).exists():
        raise BadToken
    return found, path_of(found)


def write(
    workspace_id: UUID, target: Path, asked: Asked, *, at: datetime, progress: Progress = lambda people: None
) -> Written:
    """Write the archive; a draft beside it becomes `target` when all is in it. Opens its own transactions.

    Some 5,000 contacts a second with their tags and consents; memory does not grow with them. Raises BadSegment.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with TemporaryDirectory(dir=target.parent) as folder:
            tables = _tables(workspace_id)
            with ExitStack() as stack:
                for table in tables:
                    stack.enter_context(table.opened(Path(folder)))
                _fill(workspace_id, asked, tables, progress, at=at)
            _pack(workspace_id, draft, tables, asked, at=at)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Written({table.name: table.rows for table in tables}, target.stat().st_size)


@dataclass
class _Table:
    """One kind of rows, written as CSV and as JSON Lines side by side."""

    name: str
    columns: Sequence[str]
    source: Callable[[Sequence[Contact]], Iterable[Row]]
    rows: int = 0
    files: list[Path] = field(default_factory=list)
    _open: list[IO[bytes]] = field(default_factory=list)

    def opened(self, folder: Path) -> ExitStack:
        stack = ExitStack()
        self.files = [folder / f"{self.name}.csv", folder / f"{self.name}.jsonl"]
        self._open = [stack.enter_context(path.open("wb")) for path in self.files]
        self._open[0].write(cells.file([self.columns]))
        return stack

    def add(self, people: Sequence[Contact]) -> None:
        rows = list(self.source(people))
        self.rows += len(rows)
        self._open[0].write(cells.table([_cell(row.get(name)) for name in self.columns] for row in rows))
        lines = (
            json.dumps({name: row.get(name) for name in self.columns}, ensure_ascii=False, default=str) for row in rows
        )
        self._open[1].write("".join(f"{line}\n" for line in lines).encode())


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _tables(workspace_id: UUID) -> list[_Table]:
    with workspace(workspace_id):
        fields = list(CustomField.objects.filter(archived_at=None).order_by("position", "id"))
    columns = (*OWN, *(f"{CUSTOM}{one.key}" for one in fields), "tags", "lists", "suppressed")
    upper = [
        _Table(name, ("email", *table.columns), partial(_above, table.rows))
        for name, table in sorted(EXPORTED.items(), key=lambda item: item[1].order)
    ]
    return [
        _Table("contacts", columns, _contacts),
        _Table("consents", CONSENTS, _consents),
        _Table("events", EVENTS, _events),
        _Table("notes", NOTES, _notes),
        _Table("tasks", TASKS, _tasks),
        _Table("scores", SCORES, _scores),
        *upper,
    ]


def _fill(workspace_id: UUID, asked: Asked, tables: Sequence[_Table], progress: Progress, *, at: datetime) -> None:
    last, done = UUID(int=0), 0
    while True:
        with workspace(workspace_id):
            business = Workspace.objects.get(id=workspace_id)
            people = list(_people(business, asked, at=at).filter(id__gt=last).order_by("id")[:PAGE])
            if people:
                for table in tables:
                    table.add(people)
        done += len(people)
        progress(done)
        if len(people) < PAGE:
            return
        last = people[-1].id


def _contacts(people: Sequence[Contact]) -> Iterator[Row]:
    said = queries.values_of(people)
    tags = _grouped(ContactTag.objects.filter(contact__in=people), "tag__name")
    lists = _grouped(ListMember.objects.filter(contact__in=people, state="subscribed"), "list__name")
    suppressed = queries.suppressions_of(people)
    for one in people:
        row = {name: getattr(one, name) for name in OWN}
        row |= {f"{CUSTOM}{key}": value for key, value in said[one.id].items()}
        yield row | {
            "tags": tags.get(one.id, []),
            "lists": lists.get(one.id, []),
            "suppressed": suppressed.get(one.address_hash, ""),
        }


def _grouped(rows: QuerySet[Any], name: str) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for contact_id, value in rows.order_by("contact_id", name).values_list("contact_id", name):
        found.setdefault(contact_id, []).append(value)
    return found


def _consents(people: Sequence[Contact]) -> Iterator[Row]:
    emails = {one.id: one.email for one in people}
    rows = ConsentEntry.objects.filter(contact__in=people).select_related("list").order_by("contact_id", "at", "id")
    for entry in rows:
        row = {name: getattr(entry, name) for name in CONSENTS if name not in {"email", "list"}}
        yield row | {"email": emails[entry.contact_id], "list": entry.list.name if entry.list else ""}


def _events(people: Sequence[Contact]) -> Iterator[Row]:
    emails = {one.id: one.email for one in people}
    rows = EventRow.objects.filter(contact_id__in=list(emails)).order_by("contact_id", "-at", "id")
    for event in rows:
        row = {name: getattr(event, name) for name in EVENTS if name != "email"}
        yield row | {"email": emails.get(event.contact_id) if event.contact_id else ""}


def _notes(people: Sequence[Contact]) -> Iterator[Row]:
    rows = Note.objects.filter(contact__in=people, deleted_at=None).order_by("contact_id", "at", "id")
    return _with_emails(people, rows.values("contact_id", "at", "text", "edited_at", by=F("author__email")))


def _tasks(people: Sequence[Contact]) -> Iterator[Row]:
    rows = Task.objects.filter(contact__in=people, deleted_at=None).order_by("contact_id", "created_at", "id")
    columns = ("contact_id", "what", "due_on", "created_at", "done_at")
    # By another name than the column's, which is an id.
    return _with_emails(
        people, ({**row, "assignee": row["to"]} for row in rows.values(*columns, to=F("assignee__email")))
    )


def _scores(people: Sequence[Contact]) -> Iterator[Row]:
    rows = ScoreEntry.objects.filter(contact__in=people).order_by("contact_id", "at", "id")
    columns = ("contact_id", "at", "points", "note")
    return _with_emails(people, ({**row, "rule": row["of"]} for row in rows.values(*columns, of=F("rule__name"))))


def _with_emails(people: Sequence[Contact], rows: Iterable[Row]) -> Iterator[Row]:
    emails = {one.id: one.email for one in people}
    return ({"email": emails.get(row["contact_id"], ""), **row} for row in rows)


def _above(rows: Callable[[Sequence[UUID]], Iterable[Row]], people: Sequence[Contact]) -> Iterator[Row]:
    return _with_emails(people, rows([one.id for one in people]))


def _pack(workspace_id: UUID, draft: Path, tables: Sequence[_Table], asked: Asked, *, at: datetime) -> None:
    with workspace(workspace_id):
        business = Workspace.objects.get(id=workspace_id)
    members: dict[str, Row] = {}
    with (
        os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        ZipFile(file, "w", ZIP_DEFLATED) as archive,
    ):
        for path, rows in ((path, table.rows) for table in tables for path in table.files):
            with path.open("rb") as source:
                digest = hashlib.file_digest(source, "sha256").hexdigest()
            members[path.name] = {"rows": rows, "bytes": path.stat().st_size, "sha256": digest}
            _add(archive, path.name, _chunks(path), at)
        manifest = {
            "business": {"id": str(business.id), "slug": business.slug, "name": business.name},
            "made_at": at.isoformat(),
            "asked": {name: value for name, value in vars(asked).items() if value},
            "members": members,
        }
        _add(archive, "manifest.json", iter([json.dumps(manifest, indent=1, ensure_ascii=False).encode()]), at)


def _add(archive: ZipFile, name: str, chunks: Iterator[bytes], at: datetime) -> None:
    about = ZipInfo(name, date_time=at.timetuple()[:6])
    about.compress_type = ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    with archive.open(about, "w", force_zip64=True) as member:
        for chunk in chunks:
            member.write(chunk)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            yield chunk
