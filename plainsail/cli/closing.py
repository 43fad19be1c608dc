"""`plainsail close`, `erase` and `export`: for whoever runs the installation, by the same services as the pages."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from plainsail.cli.errors import Refused
from plainsail.kernel import environment


class NoSuchBusiness(Refused):
    """No business has this web address, or it is erased."""


class NoSuchSegment(Refused):
    """The business has no segment of this name."""


class CannotClose(Refused):
    """What was asked for can't be done; the message says why."""


def set_up() -> None:
    """Load Django; each command needs it, the rest of the command line doesn't."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    import django

    django.setup()


def find(slug: str) -> Any:
    """The business of a web address. Raises NoSuchBusiness."""
    from plainsail.kernel.models import Workspace

    found = Workspace.objects.filter(slug=slug).exclude(state=Workspace.State.CLOSED).first()
    if found is None:
        raise NoSuchBusiness(f"No business has the web address {slug!r}.")
    return found


def _told(business: Any, *, at: datetime) -> str:
    """Go on with a closing, and say how far it is."""
    from plainsail.hosting.models import Closure
    from plainsail.hosting.services import advancing, obstacles
    from plainsail.kernel.tenancy import workspace

    advancing.advance.function(workspace_id=business.pk, at=at)
    with workspace(business):
        closure = Closure.objects.order_by("-asked_at", "-id").first()
    if closure.state == Closure.State.ERASED:
        rows = sum(closure.certificate["rows"].values())
        return f"Erased: {rows} rows. What is kept: {len(closure.certificate['kept'])} kinds of records."
    waits = "".join(f"\n  - {each.words}" for each in obstacles.in_the_way(business, closure))
    until = f", to be erased on {closure.erase_at:%Y-%m-%d}" if closure.erase_at else ""
    return f"{business.slug}: {closure.get_state_display()}{until}.{waits}"


def close(slug: str, *, customers: str, at: datetime) -> str:
    """Close a business; returns how far that is. Raises NoSuchBusiness, CannotClose."""
    from plainsail.hosting.services import closing, plans
    from plainsail.kernel.errors import Refusal

    business = find(slug)
    try:
        closing.close(business, customers=customers, by=None, email=plans.payer_of(business).email, at=at)
    except Refusal as refusal:
        raise CannotClose(str(refusal)) from refusal
    return _told(business, at=at)


def reopen(slug: str, *, at: datetime) -> str:
    """Take a closing back. Raises NoSuchBusiness, CannotClose."""
    from plainsail.hosting.services import closing
    from plainsail.kernel.errors import Refusal

    try:
        closing.reopen(find(slug), by=None, at=at)
    except Refusal as refusal:
        raise CannotClose(str(refusal)) from refusal
    return f"{slug} is open again."


def erase(slug: str, *, at: datetime) -> str:
    """Erase a business, or say what stands in the way. Raises NoSuchBusiness, CannotClose."""
    from plainsail.hosting.services import closing, plans
    from plainsail.kernel.errors import Refusal

    business = find(slug)
    try:
        closing.ask_erasure(business, by=None, email=plans.payer_of(business).email, at=at)
    except Refusal as refusal:
        raise CannotClose(str(refusal)) from refusal
    return _told(business, at=at)


def export(slug: str, target: Path | None, *, at: datetime) -> str:
    """Write everything of a business into an archive. Raises NoSuchBusiness."""
    from plainsail.hosting.services import exporting

    business = find(slug)
    place = target or environment.current().data_dir / "exports" / f"{slug}-{at:%Y%m%d-%H%M%S}.zip"
    made = exporting.write(business.pk, place.absolute(), at=at)
    return f"Saved {place} ({made.size / 1e6:.1f} MB, {made.rows} rows, SHA-256 {made.sha256})."


def export_contacts(slug: str, target: Path | None, *, segment: str, at: datetime) -> str:
    """Write a business's contacts, or those of a segment by its name, into an archive. Raises NoSuchBusiness, NoSuchSegment."""
    from plainsail.contacts.services import exporting
    from plainsail.kernel.tenancy import workspace

    business, asked = find(slug), exporting.Asked()
    if segment:
        with workspace(business):
            found = business.segments.filter(name=segment).first()
        if found is None:
            raise NoSuchSegment(f"{slug} has no segment called {segment!r}.")
        asked = exporting.Asked(segment_id=str(found.id))
    place = target or environment.current().data_dir / "exports" / f"{slug}-contacts-{at:%Y%m%d-%H%M%S}.zip"
    made = exporting.write(business.pk, place.absolute(), asked, at=at)
    rows = ", ".join(f"{number} {name}" for name, number in made.rows.items())
    return f"Saved {place} ({made.size / 1e6:.1f} MB: {rows})."
