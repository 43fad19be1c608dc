"""Archives of everybody, or of those in a segment, on a list or with a tag, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.shortcuts import get_object_or_404

from plainsail.accounts.models import User
from plainsail.contacts import models
from plainsail.contacts.api.routing import router
from plainsail.contacts.services import exporting
from plainsail.contacts.services.exporting import Asked
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Field, Input, Output, Status, allows


class ExportAsked(Input):
    """Whose contacts are wanted: everybody who is not deleted where nothing is said."""

    segment: UUID | None = Field(None, description="Only who is in this segment.")
    list: UUID | None = Field(None, description="Only who is subscribed to this list.")
    tag: UUID | None = Field(None, description="Only who has this tag.")


class Export(Output):
    """An archive with all that is known of contacts: profiles, tags, consent, events and orders, as CSV and JSON Lines."""

    id: UUID
    state: Literal["waiting", "ready", "gone"]
    contacts: int = Field(description="How many it is about.")
    done: int = Field(description="How many are written.")
    url: str | None = Field(description="Where it is fetched once it is ready; whoever has the address may.")
    bytes: int
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, found: models.ContactExport) -> Export:
        url = exporting.url(found) if found.state == found.State.READY else None
        return cls(
            id=found.id,
            state=cast(Any, found.state),
            contacts=found.rows_total,
            done=found.rows_done,
            url=url,
            bytes=found.size,
            created_at=found.created_at,
            expires_at=found.expires_at,
        )


@router.post("/contacts/exports", response={202: Export}, summary="Export contacts")
@allows("contacts.export")
def export_contacts(request: Request, body: ExportAsked) -> Status[Export]:
    """Has an archive made. Ask for it again until it is `ready`; then `url` gives it out for a week. Only for keys of owners and admins."""
    for name, rows in (("segment", "segments"), ("list", "lists"), ("tag", "tags")):
        if wanted := getattr(body, name):
            get_object_or_404(getattr(request.workspace, rows), id=wanted)
    asked = Asked(**{f"{name}_id": str(wanted) for name, wanted in body if wanted})
    by = request.user if isinstance(request.user, User) else None
    return Status(202, Export.of(exporting.ask(request.workspace, asked, by=by, at=request.now)))


@router.get("/contacts/exports/{uuid:export_id}", response=Export, summary="Read how far an export is")
@allows("contacts.export")
def read_export(request: Request, export_id: UUID) -> Export:
    """How far it is, and where the archive is fetched."""
    return Export.of(get_object_or_404(request.workspace.contact_exports, id=export_id))
