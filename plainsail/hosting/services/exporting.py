"""Everything of a business in one archive: for programs (JSON Lines, CSV) and for people (an index, invoices on paper).

Written piece by piece, so that memory stays flat, into a draft that becomes the archive when it is whole. A worker that
dies writes it anew. Tables are read a page at a time, each page in a transaction of its own: what changes meanwhile may be
in one table and not yet in another.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

import plainsail
from plainsail.accounts.models import Membership, User
from plainsail.accounts.services import hosts
from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import documents
from plainsail.hosting.models import Closure, Export
from plainsail.hosting.services import inventory, retention
from plainsail.hosting.services.inventory import Table
from plainsail.kernel import cells, clock, due, environment, languages
from plainsail.kernel.crypto import BadToken, sign, verify
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace

logger = logging.getLogger("plainsail.hosting")

PURPOSE = "hosting.export"
EXPIRY = "hosting.exports"
"""Kind of due work: an archive that was ready long enough goes."""
PAGE = 1000
CONTACT_COLUMNS = (
    *("email", "first_name", "last_name", "phone", "company", "street", "postal_code", "city", "country"),
    *("timezone", "locale", "source", "score", "notes", "created_at"),
)

Progress = Callable[[int], None]
"""Told how many rows more are written."""


class NothingLeft(Refusal):
    """The business is erased."""

    code = "nothing_left"
    message = _("This business is erased; there is nothing left to take along.")


@dataclass(frozen=True)
class Made:
    """An archive on disk: bytes, SHA-256 of the file, rows of all tables in it."""

    size: int
    sha256: str
    rows: int


def ask(business: Workspace, *, by: User | None, at: datetime) -> Export:
    """Have an archive made; one that is under way is not asked for twice. In the open workspace. Raises NothingLeft."""
    if Closure.objects.filter(state__in=(Closure.State.ERASING, Closure.State.ERASED)).exists():
        raise NothingLeft
    Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
    found: Export | None = latest()
    if found is not None and found.is_under_way:
        return found
    total = sum(inventory.count(portable()).values())
    made: Export = Export.objects.create(asked_at=at, asked_by=by, rows_total=total, created_at=at)
    make.once(f"export:{made.id}", workspace_id=business.pk, export_id=made.id)
    return made


def latest() -> Export | None:
    """The newest archive of the open workspace."""
    found: Export | None = Export.objects.order_by("-asked_at", "-id").first()
    return found


def portable() -> list[Table]:
    return [table for table in inventory.tables() if table.answer.portable]


@job("hosting.export", also_when_closed=True)
@outside_transaction
def make(*, workspace_id: UUID, export_id: UUID) -> None:
    """Write an archive that was asked for."""
    with workspace(workspace_id):
        Export.objects.filter(id=export_id, state=Export.State.WAITING).update(state=Export.State.MAKING)
        export: Export | None = Export.objects.filter(id=export_id, state=Export.State.MAKING).first()
        if export is None:
            return
        Export.objects.filter(id=export_id).update(rows_done=0)

    def progress(rows: int) -> None:
        with workspace(workspace_id), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE hosting_export SET rows_done = rows_done + %s WHERE workspace_id = %s AND id = %s",
                [rows, workspace_id, export_id],
            )

    made = write(workspace_id, path_of(export), at=clock.now(), progress=progress)
    _note_ready(export, made, at=clock.now())


def _note_ready(export: Export, made: Made, *, at: datetime) -> None:
    with workspace(export.workspace_id):
        business = Workspace.objects.get(id=export.workspace_id)
        expires_at = retention.after(retention.POLICY, "export_for", at, zone=business.timezone)
        is_noted = Export.objects.filter(id=export.id, state=Export.State.MAKING).update(
            state=Export.State.READY,
            size=made.size,
            sha256=made.sha256,
            ready_at=at,
            expires_at=expires_at,
        )
        if is_noted:
            due.schedule(EXPIRY, expires_at)
        else:
            # Erased meanwhile: so is this.
            path_of(export).unlink(missing_ok=True)


@due.runs(EXPIRY, also_when_closed=True)
def expire(*, at: datetime) -> datetime | None:
    """Remove archives that were ready long enough; returns when the next one goes."""
    ready = Export.objects.filter(state=Export.State.READY)
    for export in ready.filter(expires_at__lte=at):
        path_of(export).unlink(missing_ok=True)
    ready.filter(expires_at__lte=at).update(state=Export.State.GONE)
    following: datetime | None = (
        ready.filter(expires_at__gt=at).order_by("expires_at").values_list("expires_at", flat=True).first()
    )
    return following


def path_of(export: Export) -> Path:
    return environment.current().exports_of(export.workspace_id).joinpath(f"{export.id.hex}.zip")


def url(export: Export) -> str:
    """Where the archive is fetched: whoever has the address may, signed in or not."""
    token = sign(PURPOSE, export.workspace_id.bytes + export.id.bytes, at=export.asked_at.timestamp())
    return hosts.app_url(reverse("hosting:export_file", "plainsail.urls", [token]))


def find(token: str, *, at: datetime) -> tuple[Export, Path]:
    """The archive of a token, if it is ready. Opens its workspace. Raises BadToken."""
    payload = verify(PURPOSE, token)
    if len(payload) != 32:
        raise BadToken
    with workspace(UUID(bytes=payload[:16])):
        found: Export | None = Export.objects.filter(id=UUID(bytes=payload[16:]), state=Export.State.READY).first()
    if found is None or found.expires_at is None or found.expires_at <= at or not path_of(found).exists():
        raise BadToken
    return found, path_of(found)


def write(workspace_id: UUID, target: Path, *, at: datetime, progress: Progress = lambda rows: None) -> Made:
    """Write the archive of a business; a draft beside it becomes `target` when all is in it. Opens its own transactions.

    A tenth of a second for each invoice, some 20,000 rows a second for the rest; memory does not grow with either.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            ZipFile(file, "w", ZIP_DEFLATED) as archive,
        ):
            rows = _fill(_Writer(archive, at), workspace_id, at=at, progress=progress)
        with draft.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        size = draft.stat().st_size
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Made(size, digest, rows)


class _Writer:
    """Adds members to an archive and keeps the list of them."""

    def __init__(self, archive: ZipFile, at: datetime) -> None:
        self._archive = archive
        self._at = at
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, chunks: Iterator[bytes], *, rows: int | None = None, is_packed: bool = False) -> None:
        """Write a member from its chunks. What is packed already is stored as it is."""
        digest, size = hashlib.sha256(), 0
        with self._open(name, is_packed=is_packed) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.members[name] = {"sha256": digest.hexdigest(), "bytes": size}
        if rows is not None:
            self.members[name]["rows"] = rows

    def count(self, name: str, rows: int) -> None:
        self.members[name]["rows"] = rows

    def _open(self, name: str, *, is_packed: bool) -> IO[bytes]:
        about = ZipInfo(name, date_time=self._at.timetuple()[:6])
        about.compress_type = ZIP_STORED if is_packed else ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        return self._archive.open(about, "w", force_zip64=True)


def _fill(out: _Writer, workspace_id: UUID, *, at: datetime, progress: Progress) -> int:
    with workspace(workspace_id):
        business = Workspace.objects.get(id=workspace_id)
    total, listed = 0, []
    out.add("data/business.jsonl", iter([_business(business)]), rows=1)
    out.add("data/team.jsonl", iter([_team(business)]))
    for table in portable():
        counted = _Counted(progress)
        name = f"data/{table.label}.jsonl"
        out.add(name, counted.lines(_rows(workspace_id, table)))
        out.count(name, counted.rows)
        total += counted.rows
        listed.append((table.label, counted.rows))
    out.add("contacts.csv", _contacts(workspace_id))
    papers = list(_papers(out, workspace_id))
    _add_files(out, workspace_id)
    out.add("index.html", iter([_index(business, listed, papers, at=at)]))
    manifest = {
        "plainsail": plainsail.__version__,
        "business": {"id": str(business.id), "slug": business.slug, "name": business.name},
        "made_at": at.isoformat(),
        "rows": total,
        "members": dict(out.members),
    }
    out.add("manifest.json", iter([json.dumps(manifest, indent=1, ensure_ascii=False).encode()]))
    return total


class _Counted:
    """Counts the rows of a table as they go by, and tells after each page."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.rows = 0

    def lines(self, pages: Iterator[list[str]]) -> Iterator[bytes]:
        for page in pages:
            self.rows += len(page)
            yield "".join(f"{line}\n" for line in page).encode()
            self._progress(len(page))


def _rows(workspace_id: UUID, table: Table) -> Iterator[list[str]]:
    """A table's rows as JSON, by id, a page at a time, along the index that leads with the workspace."""
    last = UUID(int=0)
    while True:
        with workspace(workspace_id), connection.cursor() as cursor:
            cursor.execute(
                f'SELECT id, row_to_json(found.*)::text FROM "{table.name}" found '
                "WHERE workspace_id = %s AND id > %s ORDER BY id LIMIT %s",
                [workspace_id, last, PAGE],
            )
            rows = cursor.fetchall()
        if rows:
            yield [text for _id, text in rows]
            last = rows[-1][0]
        if len(rows) < PAGE:
            return


def _business(business: Workspace) -> bytes:
    fields = ("id", "slug", "name", "timezone", "locale", "currency", "postal_address", "created_at")
    return (json.dumps({name: str(getattr(business, name)) for name in fields}, ensure_ascii=False) + "\n").encode()


def _team(business: Workspace) -> bytes:
    people = Membership.objects.filter(workspace=business).select_related("user").order_by("created_at")
    lines = [
        json.dumps({"email": each.user.email, "name": each.user.name, "role": each.role}, ensure_ascii=False)
        for each in people
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _contacts(workspace_id: UUID) -> Iterator[bytes]:
    """Contacts as a table for any program that reads CSV, Excel too; UTF-8, commas, a head line."""
    yield cells.MARK + _csv([CONTACT_COLUMNS])
    table = next(table for table in inventory.tables() if table.label == "contacts.contact")
    for page in _rows(workspace_id, table):
        rows = [json.loads(line) for line in page]
        yield _csv([_plain(row[column]) for column in CONTACT_COLUMNS] for row in rows)


def _csv(rows: Any) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _plain(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: a name like `=1+1` came from a stranger’s form."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("-+").replace(" ", "").isdigit()


def _papers(out: _Writer, workspace_id: UUID) -> Iterator[tuple[str, str]]:
    """Write invoices and credit notes as PDFs; gives (number, member) of each."""
    for folder, model in (("invoices", Invoice), ("credit-notes", CreditNote)):
        last = ""
        while True:
            with workspace(workspace_id):
                numbered = model.objects.exclude(number="").filter(number__gt=last)
                found = list(numbered.order_by("number").values_list("number", "document")[:PAGE])
            for number, document in found:
                name = f"{folder}/{_file_name(number)}.pdf"
                out.add(name, iter([documents.pdf(document)]), is_packed=True)
                yield number, name
                last = number
            if len(found) < PAGE:
                break


def _file_name(number: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in number)


def _add_files(out: _Writer, workspace_id: UUID) -> None:
    folder = environment.current().files_of(workspace_id)
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        if path.is_file():
            out.add(f"files/{path.relative_to(folder).as_posix()}", _chunks(path), is_packed=True)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            yield chunk


def _index(business: Workspace, listed: list[tuple[str, int]], papers: list[tuple[str, str]], *, at: datetime) -> bytes:
    with translation.override(languages.first_known(business.locale)):
        context = {
            "business": business,
            "made": date_format(at, "DATE_FORMAT"),
            "tables": [(label, rows) for label, rows in listed if rows],
            "papers": papers,
            "language": translation.get_language() or "en",
        }
        return render_to_string("hosting/export_index.html", context).encode()
