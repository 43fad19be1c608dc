"""Contacts, their tags and lists, for programs. The same services as the pages', so the same rules: consent above all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import available_timezones

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, ConfigDict, IPvAnyAddress, ValidationError, WithJsonSchema

from plainsail.accounts.models import User
from plainsail.contacts import models, queries
from plainsail.contacts.api import places
from plainsail.contacts.api.routing import router
from plainsail.contacts.services import addresses, bulk, consent, erasing, suppression, tags
from plainsail.contacts.services import contacts as people
from plainsail.contacts.services.lists import PutAway
from plainsail.kernel import rest
from plainsail.kernel.countries import countries
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Cursor, Field, Input, Limit, Output, Page, Status, allows

SOURCE = "api"


class LeftList(Refusal):
    """Who left a list comes back by their own word only."""

    code = "left_list"
    message = _("They left this list. Only they can join it again: ask them with “how”: “confirmation”.")


class Blocked(Refusal):
    """Nothing is written to this address."""

    code = "blocked"
    message = _("No mail goes to this address: it bounced, complained or asked never to be written to.")


class UnknownName(Refusal):
    """A filter names what isn't there."""

    code = "unknown_name"
    message = _("There is no such tag or list.")
    status = 422


def _a_country(code: str) -> str:
    if code and code not in dict(countries("en")):
        raise ValueError("is no two-letter code of a country (ISO 3166-1)")
    return code


def _a_zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("is no time zone, such as Europe/Berlin")
    return name


Country = Annotated[str, AfterValidator(_a_country), Field(max_length=2, description="Two letters (ISO 3166-1).")]
Zone = Annotated[str, AfterValidator(_a_zone), Field(max_length=64, description="Such as Europe/Berlin.")]
Locale = Annotated[str, Field(max_length=10, pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$", description="Such as de.")]
TagName = Annotated[str, Field(min_length=1, max_length=60)]
Tags = Annotated[list[TagName], Field(max_length=50)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is left out isn’t empty, it stays: a client made from the document must not fill it in."""
    for field in schema["properties"].values():
        field.pop("default", None)


FieldGiven = str | bool | int | float | list[str] | None
"""What a custom field may be given: a choice by its id or label, several as a list, a date in ISO 8601."""
FieldSaid = str | bool | int | float | list[str]


class Profile(Input):
    """What is known of a person. What is left out stays as it is; an empty text clears."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    first_name: str = Field("", max_length=100)
    last_name: str = Field("", max_length=100)
    phone: str = Field("", max_length=20)
    company: str = Field("", max_length=150)
    street: str = Field("", max_length=200)
    postal_code: str = Field("", max_length=20)
    city: str = Field("", max_length=100)
    country: Country = ""
    timezone: Zone = ""
    locale: Locale = ""
    notes: str = Field("", max_length=5000)
    score: int = Field(0, ge=-1_000_000, le=1_000_000)
    fields: dict[str, FieldGiven] = Field(
        default_factory=dict, max_length=200, description="Your own fields by their keys; an empty one is cleared."
    )

    def given(self) -> dict[str, Any]:
        """The profile's fields that were sent."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if name in people.PROFILE}


class NewContact(Profile):
    """Somebody to be added. Being added puts nobody on a list."""

    email: str = Field(max_length=254)
    tags: Tags = []


class ContactChange(Profile):
    """What to change of a contact."""

    email: str = Field("", max_length=254)


class Membership(Output):
    """How things stand with a list."""

    id: UUID
    slug: str
    state: Literal["pending", "subscribed", "unsubscribed"]

    @classmethod
    def of(cls, member: models.ListMember) -> Membership:
        return cls(id=member.list_id, slug=member.list.slug, state=member.state)  # type: ignore[arg-type]  # its choices


class Contact(Output):
    """A person, known by an address."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str
    company: str
    street: str
    postal_code: str
    city: str
    country: str
    timezone: str
    locale: str
    notes: str
    score: int
    source: str
    fields: dict[str, FieldSaid]
    tags: list[str]
    lists: list[Membership]
    blocked: str = Field(
        description="Why no marketing mail goes to the address, whatever the lists say: unsubscribed, manual, soft_bounces, "
        "hard_bounce or complaint; empty where it may. All but unsubscribed stop every mail."
    )
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @classmethod
    def of(cls, found: models.Contact) -> Contact:
        """Reads `blocked` and `changed_at` (`known`), and tags and lists, which a list of contacts loads beforehand (`shown`)."""
        beside, known_as = {"tags", "lists", "fields"}, {"updated_at": "changed_at"}
        plain = {name: getattr(found, known_as.get(name, name)) for name in cls.model_fields if name not in beside}
        members = sorted(found.memberships.all(), key=lambda one: one.list.slug)
        return cls(
            **plain,
            fields={key: _said(value) for key, value in queries.values_said(found.field_values.all()).items()},
            tags=sorted(one.tag.slug for one in found.contact_tags.all()),
            lists=[Membership.of(one) for one in members],
        )


def _said(value: queries.Value) -> FieldSaid:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


def shown(rows: QuerySet[models.Contact]) -> QuerySet[models.Contact]:
    """Contacts with all that `Contact.of` reads: five queries a page."""
    return known(rows).prefetch_related("contact_tags__tag", "memberships__list", "field_values__field")


def known(rows: QuerySet[models.Contact]) -> QuerySet[models.Contact]:
    """Contacts with `blocked`, why nothing is written to the address, and `changed_at`, when anything of them last changed."""
    return rows.annotate(blocked=queries.reason_against(), changed_at=F("last_change__at"))


def find(request: Request, contact_id: UUID) -> models.Contact:
    """A contact that nobody deleted, locked until the answer is there. Raises Http404."""
    alive = known(request.workspace.contacts.filter(deleted_at=None)).select_for_update(of=("self",))
    found: models.Contact = get_object_or_404(alive, id=contact_id)
    return found


def again(request: Request, contact_id: UUID) -> Contact:
    """A contact as it stands now."""
    return Contact.of(get_object_or_404(shown(request.workspace.contacts.all()), id=contact_id))


@router.get("/contacts", response=Page[Contact], summary="List contacts")
@allows("contacts.view")
def list_contacts(
    request: Request,
    *,
    email: str | None = None,
    tag: str | None = None,
    list: str | None = None,  # noqa: A002  # the product's own word
    segment: UUID | None = None,
    updated_since: rest.AwareDatetime | None = None,
    cursor: Cursor = None,
    limit: Limit = rest.USUAL,
) -> Page[Contact]:
    """Newest first. With `updated_since`, in the order of their last change, those deleted since among them: where a
    program goes on from what it read the day before. `tag` and `list` are slugs, `segment` is an id; `list` means subscribed."""
    found: QuerySet[models.Contact] = shown(request.workspace.contacts.all())
    if email is not None:
        found = found.filter(email=addresses.normalise(email))
    if tag is not None:
        found = found.filter(id__in=_named(request.workspace.tags, tag).contact_tags.values("contact_id"))
    if list is not None:
        members = _named(request.workspace.lists, list).members.filter(state=models.ListMember.State.SUBSCRIBED)
        found = found.filter(id__in=members.values("contact_id"))
    if segment is not None:
        asked: models.Segment = get_object_or_404(request.workspace.segments, id=segment)
        found = found.filter(queries.condition_of(asked.tree, at=request.now))
    if updated_since is None:
        alive = found.filter(deleted_at=None)
        return rest.page(request, alive, Contact.of, into=Page[Contact], by="-created_at", cursor=cursor, limit=limit)
    changed = found.filter(last_change__at__gte=updated_since)
    return rest.page(request, changed, Contact.of, into=Page[Contact], by="changed_at", cursor=cursor, limit=limit)


def _named(rows: Any, slug: str) -> Any:
    found = rows.filter(slug=slug).first()
    if found is None:
        raise UnknownName
    return found


@router.post("/contacts", response={201: Contact}, summary="Add a contact")
@allows("contacts.change")
def add_contact(request: Request, body: NewContact, response: HttpResponse) -> Contact:
    """Somebody new. An address that another contact has is refused (`address_taken`); somebody deleted comes back."""
    given = {"fields": body.given(), "custom": body.fields}
    with places.told():
        made = people.create_or_restore(email=body.email, **given, source=SOURCE, at=request.now)
    for name in body.tags:
        tags.add(made, tags.named(request.workspace, name), at=request.now)
    response["Location"] = f"{rest.API_PATH}contacts/{made.id}"
    return again(request, made.id)


class BulkRow(NewContact):
    """Somebody as your program knows them."""


class Bulk(Input):
    """Up to a thousand people. A row with a fault holds up no other."""

    contacts: Annotated[
        list[Any],
        Field(min_length=1, max_length=bulk.MOST),
        WithJsonSchema({"type": "array", "minItems": 1, "maxItems": bulk.MOST, "items": BulkRow.model_json_schema()}),
    ]


class BulkFault(Output):
    """What is wrong with a row."""

    pointer: str
    detail: str


class BulkResult(Output):
    """What became of a row."""

    index: int
    state: Literal["created", "updated", "unchanged", "refused"]
    id: UUID | None
    code: str
    errors: list[BulkFault]


class BulkResults(Output):
    """What became of each row, in their order."""

    results: list[BulkResult]


@router.post("/contacts/bulk", response=BulkResults, summary="Add or change up to 1,000 contacts")
@allows("contacts.change")
def bulk_upsert(request: Request, body: Bulk) -> BulkResults:
    """Each row makes a contact or changes the one with its address: fields that are given, tags added. It puts nobody on
    a list, and brings back nobody who was deleted. The answer has a result for each row; those refused say why."""
    rows: dict[int, bulk.Row] = {}
    results: dict[int, BulkResult] = {}
    for index, said in enumerate(body.contacts):
        try:
            row = BulkRow.model_validate(said)
        except ValidationError as error:
            faults = [_fault(index, each) for each in error.errors()[:20]]
            results[index] = BulkResult(index=index, state="refused", id=None, code="invalid", errors=faults)
        else:
            rows[index] = bulk.Row(email=row.email, fields=row.given(), custom=row.fields, tags=row.tags)
    outcomes = bulk.upsert(request.workspace, [*rows.values()], source=SOURCE, at=request.now)
    for index, outcome in zip(rows, outcomes, strict=True):
        results[index] = _told(index, outcome)
    return BulkResults(results=[results[index] for index in sorted(results)])


def _fault(index: int, found: Mapping[str, Any]) -> BulkFault:
    place = "/".join(str(part) for part in found["loc"])
    return BulkFault(pointer=f"/contacts/{index}/{place}".rstrip("/"), detail=found["msg"])


def _told(index: int, outcome: bulk.Outcome) -> BulkResult:
    errors = (
        [BulkFault(pointer=f"/contacts/{index}/{places.of(outcome.field)}", detail=outcome.words)]
        if outcome.code
        else []
    )
    return BulkResult(index=index, state=outcome.state, id=outcome.contact_id, code=outcome.code, errors=errors)


@router.get("/contacts/{uuid:contact_id}", response=Contact, summary="Read a contact")
@allows("contacts.view")
def read_contact(request: Request, contact_id: UUID) -> Contact:
    """One person, also one who was deleted: `deleted_at` says so."""
    return again(request, contact_id)


@router.patch("/contacts/{uuid:contact_id}", response=Contact, summary="Change a contact")
@allows("contacts.change")
def change_contact(request: Request, contact_id: UUID, body: ContactChange) -> Contact:
    """What is left out stays as it is. With `If-Match`, only if nothing was changed since it was read."""
    found = find(request, contact_id)
    rest.require_match(request, Contact.of(found))
    if "email" in body.model_fields_set:
        people.change_address(found, email=body.email, at=request.now)
    with places.told():
        people.update(found, fields=body.given(), custom=body.fields, at=request.now)
    return again(request, contact_id)


@router.delete("/contacts/{uuid:contact_id}", response={204: None}, summary="Delete a contact")
@allows("contacts.change")
def delete_contact(request: Request, contact_id: UUID) -> Status[None]:
    """Hides somebody and stops all mail to them; for sixty days it can be undone. Deleting once more changes nothing."""
    locked = known(request.workspace.contacts.all()).select_for_update(of=("self",))
    found: models.Contact = get_object_or_404(locked, id=contact_id)
    rest.require_match(request, Contact.of(found))
    if not found.is_deleted:
        people.delete(found, at=request.now)
    return Status(204, None)


class ErasureAsked(Input):
    """The address of whoever is erased, once more to be sure."""

    email: str = Field(max_length=254)


class ErasureProof(Output):
    """Proof of an erasure: rows by table, and what is kept, why and until when."""

    id: UUID
    erased_at: datetime
    rows: dict[str, int]
    kept: list[dict[str, Any]]


@router.post("/contacts/{uuid:contact_id}/erasure", response={201: ErasureProof}, summary="Erase a contact for good")
@allows("contacts.manage")
def erase_contact(request: Request, contact_id: UUID, body: ErasureAsked) -> Status[ErasureProof]:
    """Takes a person out of everything but what the law wants kept. Nobody can bring them back. Only for keys of owners and admins."""
    found = find(request, contact_id)
    by = request.user if isinstance(request.user, User) else None
    made = erasing.erase(found, typed=body.email, by=by, at=request.now)
    return Status(201, ErasureProof(id=made.id, erased_at=made.erased_at, **made.certificate))


@router.post("/contacts/{uuid:contact_id}/restoration", response=Contact, summary="Bring a contact back")
@allows("contacts.change")
def restore_contact(request: Request, contact_id: UUID) -> Contact:
    """Undoes a deletion. They get mail again where they had agreed to it."""
    found: models.Contact = get_object_or_404(request.workspace.contacts.select_for_update(), id=contact_id)
    if found.is_deleted:
        people.restore(found, at=request.now)
    return again(request, contact_id)


class Tagging(Input):
    """Tags to be put on, by their names; a new name makes a new tag."""

    tags: Annotated[list[TagName], Field(min_length=1, max_length=50)]


@router.post("/contacts/{uuid:contact_id}/tags", response=Contact, summary="Tag a contact")
@allows("contacts.change")
def tag_contact(request: Request, contact_id: UUID, body: Tagging) -> Contact:
    """Puts tags on; those that are there stay."""
    found = find(request, contact_id)
    for name in body.tags:
        tags.add(found, tags.named(request.workspace, name), at=request.now)
    return again(request, contact_id)


@router.delete("/contacts/{uuid:contact_id}/tags/{str:tag}", response=Contact, summary="Take a tag off")
@allows("contacts.change")
def untag_contact(request: Request, contact_id: UUID, tag: str) -> Contact:
    """By the tag's slug. Taking off what isn't there changes nothing."""
    found = find(request, contact_id)
    tags.remove(found, get_object_or_404(request.workspace.tags, slug=tags.slug_of(tag)), at=request.now)
    return again(request, contact_id)


class Joining(Input):
    """Which list, and what the person agreed to."""

    list: UUID
    how: Literal["confirmation", "basis"] = Field(
        "confirmation",
        description="confirmation: they get a mail and join by answering it. basis: they agreed already, and you can prove it.",
    )
    wording: str = Field(
        min_length=3, max_length=1000, description="What they agreed to, or how, in words: kept as the proof."
    )
    ip: IPvAnyAddress | None = Field(None, description="From where they agreed.")
    user_agent: str = Field("", max_length=400)


@router.post("/contacts/{uuid:contact_id}/lists", response=Contact, summary="Put a contact on a list")
@allows("contacts.change")
def join_list(request: Request, contact_id: UUID, body: Joining) -> Contact:
    """Never without proof, and never over an unsubscription: who left a list joins it by their own answer only
    (`left_list`). Somebody who waits for confirmation is written to once a day at most. Nobody joins a list that is put
    away (`list_archived`)."""
    found = find(request, contact_id)
    topic: models.List = get_object_or_404(request.workspace.lists, id=body.list)
    if topic.archived_at is not None:
        raise PutAway
    if body.how == "confirmation":
        consent.opt_in(
            request.workspace,
            email=found.email,
            list=topic,
            wording=body.wording,
            source=SOURCE,
            ip=str(body.ip) if body.ip else None,
            user_agent=body.user_agent,
            at=request.now,
        )
    elif not consent.add_with_basis(found, topic, basis=body.wording, source=SOURCE, at=request.now):
        _refuse_who_left(found, topic)
    return again(request, contact_id)


def _refuse_who_left(found: models.Contact, topic: models.List) -> None:
    if suppression.is_suppressed(found):
        raise Blocked
    if found.memberships.filter(list=topic, state=models.ListMember.State.UNSUBSCRIBED).exists():
        raise LeftList


@router.delete("/contacts/{uuid:contact_id}/lists", response=Contact, summary="Take off every list for good")
@allows("contacts.change")
def leave_lists(request: Request, contact_id: UUID) -> Contact:
    """They asked never to be written to: off every list, and no marketing mail until they themselves confirm a list again."""
    consent.withdraw_all(find(request, contact_id), at=request.now, proof=consent.Proof(source=SOURCE))
    return again(request, contact_id)


@router.delete("/contacts/{uuid:contact_id}/lists/{uuid:list_id}", response=Contact, summary="Take off a list")
@allows("contacts.change")
def leave_list(request: Request, contact_id: UUID, list_id: UUID) -> Contact:
    """As they asked. Only they themselves can join it again."""
    found = find(request, contact_id)
    topic: models.List = get_object_or_404(request.workspace.lists, id=list_id)
    consent.withdraw(found, topic, at=request.now, proof=consent.Proof(source=SOURCE))
    return again(request, contact_id)
