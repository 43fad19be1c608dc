"""One import in a process of its own: ours, or one on Django's bulk_create. Prints what it took as JSON."""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import django

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
CHUNK = 5000


def main() -> None:
    django.setup()
    which, *arguments = sys.argv[1:]
    does: dict[str, Callable[..., dict[str, Any]]]
    does = {"prepare": prepare, "ours": ours, "whole": whole, "bulk_create": bulk_create}
    said = does[which](*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**said, "peak_mb": peak}))


def prepare() -> dict[str, Any]:
    """A business with three custom fields and twenty tags."""
    from plainsail.contacts.services import fields, tags
    from plainsail.kernel.models import Workspace
    from plainsail.kernel.tenancy import workspace

    business = Workspace.objects.create(slug="bench", name="Bench")
    with workspace(business):
        for label, kind in (("Size", "number"), ("Since", "date"), ("Branch", "text")):
            fields.define(business, label=label, kind=kind, at=AT)
        for number in range(20):
            tags.named(business, f"Tag {number}")
    return {"business": str(business.pk)}


def ours(business: str, file: str) -> dict[str, Any]:
    from plainsail.contacts.models import Import
    from plainsail.contacts.services import importing
    from plainsail.contacts.services.importing import Wishes
    from plainsail.kernel.models import Workspace
    from plainsail.kernel.tenancy import workspace

    found = Workspace.objects.get(pk=business)
    with workspace(found), Path(file).open("rb") as opened:
        made = importing.receive(found, name="p.csv", chunks=iter(lambda: opened.read(65536), b""), by=None, at=AT)
        importing.define(made, Wishes(targets=made.targets), at=AT)
        Import.objects.update(state=Import.State.CHECKED)
        importing.start(made, at=AT)
    began, spent = time.perf_counter(), time.process_time()
    importing.run.function(workspace_id=found.pk, import_id=made.pk)
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    with workspace(found):
        return {"seconds": seconds, "cpu": round(cpu, 2), "state": Import.objects.get(pk=made.pk).state}


def whole(business: str, file: str) -> dict[str, Any]:
    """All that becomes of a file: received, checked, written. Seconds of each, and how many rows met which fate."""
    from plainsail.contacts.models import Import
    from plainsail.contacts.services import importing
    from plainsail.contacts.services.importing import Wishes
    from plainsail.kernel.models import Workspace
    from plainsail.kernel.tenancy import workspace

    found = Workspace.objects.get(pk=business)
    began = [time.perf_counter()]
    with workspace(found), Path(file).open("rb") as opened:
        made = importing.receive(found, name="p.csv", chunks=iter(lambda: opened.read(65536), b""), by=None, at=AT)
        importing.define(made, Wishes(targets=made.targets), at=AT)
    began.append(time.perf_counter())
    importing.check.function(workspace_id=found.pk, import_id=made.pk)
    began.append(time.perf_counter())
    with workspace(found):
        importing.start(Import.objects.get(pk=made.pk), at=AT)
    importing.run.function(workspace_id=found.pk, import_id=made.pk)
    began.append(time.perf_counter())
    seconds = {
        name: round(began[place + 1] - began[place], 1) for place, name in enumerate(("received", "checked", "written"))
    }
    with workspace(found):
        made = Import.objects.get(pk=made.pk)
        return {"seconds": seconds, "state": made.state, "forecast": made.forecast, "tally": made.tally}


def bulk_create(business: str, file: str) -> dict[str, Any]:
    """What most importers do that care for speed: objects, a few thousand an INSERT."""
    from plainsail.contacts.services.values import parse
    from plainsail.kernel.models import Workspace
    from plainsail.kernel.tenancy import workspace

    found = Workspace.objects.get(pk=business)
    began = time.perf_counter()
    with Path(file).open(newline="") as opened:
        rows = csv.DictReader(opened)
        while some := list(islice(rows, CHUNK)):
            with workspace(found):
                _write(found, some, parse)
    return {"seconds": time.perf_counter() - began}


def _write(business: Any, some: list[dict[str, str]], parse: Any) -> None:
    from plainsail.contacts.models import Contact, ContactTag, FieldValue
    from plainsail.contacts.services.addresses import BadAddress, hashed, normalise

    columns = ("first_name", "last_name", "company", "street", "postal_code", "city", "country")
    people: dict[str, dict[str, str]] = {}
    for row in some:
        try:
            people[normalise(row["email"])] = row
        except BadAddress:
            continue
    made = [
        Contact(email=email, address_hash=hashed(email), source="import", **{name: row[name] for name in columns})
        for email, row in people.items()
    ]
    Contact.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["workspace", "email"], update_fields=list(columns)
    )
    ids = dict(Contact.objects.filter(email__in=people).values_list("email", "id"))
    fields, words = list(business.custom_fields.all()), {tag.name: tag.id for tag in business.tags.all()}
    values, tags = [], []
    for email, row in people.items():
        for field in fields:
            given: Any = date.fromisoformat(row[field.key]) if field.kind == "date" else row[field.key]
            values += [FieldValue(field=field, contact_id=ids[email], **one._asdict()) for one in parse(field, given)]
        tags += [ContactTag(tag_id=words[name], contact_id=ids[email]) for name in row["tags"].split(";")]
    FieldValue.objects.bulk_create(
        values,
        update_conflicts=True,
        unique_fields=["workspace", "contact", "field", "text"],
        update_fields=["number", "date"],
    )
    ContactTag.objects.bulk_create(tags, ignore_conflicts=True)


if __name__ == "__main__":
    main()
