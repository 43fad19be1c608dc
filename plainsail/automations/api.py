"""Events that other programs tell of: what happened to a contact, under a name that automations wait for."""

from __future__ import annotations

from uuid import UUID

from plainsail.automations.services import signals
from plainsail.kernel import rest
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Field, Input, Output, allows

router = rest.router("Events")


class NewEvent(Input):
    """Something that happened to somebody."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$", description="Such as webinar.attended.")
    email: str = Field(max_length=254, description="Whose event it is; who isn’t known yet is added.")
    first_name: str = Field("", max_length=100)
    last_name: str = Field("", max_length=100)


class Heard(Output):
    """Whose event it was."""

    contact_id: UUID


@router.post("/events", response={202: Heard}, summary="Tell of an event")
@allows("contacts.change")
def tell(request: Request, body: NewEvent) -> Heard:
    """Automations that wait for this name let the contact in. Telling twice counts twice: send an Idempotency-Key."""
    fields = {name: value for name in ("first_name", "last_name") if (value := getattr(body, name))}
    found = signals.receive(signal=body.name, email=body.email, fields=fields, at=request.now)
    return Heard(contact_id=found.id)
