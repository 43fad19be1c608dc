"""Erasing one person for good: every table, with a certificate of what went and what the law keeps (GDPR, art. 17).

Rows that belong to the contact go with it. What an area has besides (`sockets.TAKEN_OUT`) it takes the person out of itself.
What was agreed to stays with the proof, under a keyed hash: claims over mail can be raised for three years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.contacts.models import Contact, ContactExport, Erasure, Import, Suppression
from plainsail.contacts.services import erased_list, exporting, importing, phones, suppression
from plainsail.contacts.services.addresses import hashed, normalise
from plainsail.contacts.sockets import ERASURE_OBSTACLES, KEPT_OF_PEOPLE, TAKEN_OUT, Keeping, Person, Words
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import WorkspaceOwned
from plainsail.kernel.periods import Span, day_start, local_date
from plainsail.kernel.personal_data import PERSONAL_DATA

PROOF = Span.parse("P3Y")
"""How long the proof is kept: as long as claims over what was or wasn't erased can be raised (§§ 195, 199 BGB)."""
EXPIRY = "contacts.erasures"
State = Import.State
OVER = (State.DONE, State.CANCELLED, State.FAILED, State.UNDOING, State.UNDONE)
"""Imports whose file is gone."""


class AnotherAddress(Refusal):
    """What was typed is not the address of whoever is to be erased."""

    code = "another_address"
    message = _("This is not the address of this contact.")
    status = 422


class NotYet(Refusal):
    """Something has to be settled first; `reasons` in sentences."""

    code = "erasure_not_yet"

    def __init__(self, reasons: list[Words]) -> None:
        super().__init__(" ".join(str(reason) for reason in reasons))
        self.reasons = reasons


def person_of(contact: Contact) -> Person:
    """The contact with all that were merged into it, and the words that name them."""
    found, newest = [contact], [contact.id]
    while merged := list(Contact.objects.filter(merged_into__in=newest).order_by("id")):
        found, newest = [*found, *merged], [one.id for one in merged]
    words = {
        word for one in found for word in (one.email, one.name, one.phone, phones.shown(one.phone)) if len(word) > 3
    }
    return Person(
        ids=tuple(one.id for one in found),
        addresses=tuple(one.email for one in found),
        words=tuple(sorted(words, key=len, reverse=True)),
    )


def obstacles(person: Person) -> list[Words]:
    """What has to be settled first, in sentences."""
    waiting = Import.objects.exclude(state__in=OVER)
    found: list[Words] = [
        _("The import “%(name)s” isn’t finished and its file holds this address. Finish or drop it first.")
        % {"name": one.name}
        for one in waiting
        if _holds(one, person)
    ]
    return [*found, *(words for ask in ERASURE_OBSTACLES for words in ask(person))]


def _holds(made: Import, person: Person) -> bool:
    """Whether an address stands in a file that is still to be read; a chunk of it at a time."""
    path, wanted = importing.path_of(made), [address.encode() for address in person.addresses]
    if not path.exists():
        return False
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            text = rest + chunk.replace(b"\0", b"").lower()
            if any(address in text for address in wanted):
                return True
            rest = text[-254:]
    return False


def keepings(person: Person, *, at: datetime) -> list[Keeping]:
    """What an erasure at a moment would leave, with its ground; only what there is."""
    hashes = Contact.objects.filter(id__in=person.ids).values("address_hash")
    suppressed = Suppression.objects.filter(address_hash__in=hashes).count()
    return [
        *(one for ask in KEPT_OF_PEOPLE for one in ask(person, at) if one.rows),
        *([_code(suppressed)] if suppressed else []),
        Keeping(
            _("That they were erased, and what they had agreed to, with a code instead of the address"),
            _("Proof that this was done (GDPR, art. 5(2)), and claims can be raised for three years."),
            1,
            _kept_until(at, _zone(person)),
        ),
    ]


def foreseen(person: Person, *, at: datetime) -> list[Keeping]:
    """The same for somebody who asks to be erased: they are not written to again either."""
    found = keepings(person, at=at)
    is_known = any(one.label == _code(1).label for one in found)
    return found if is_known else [*found[:-1], _code(len(person.addresses)), found[-1]]


def _code(number: int) -> Keeping:
    ground = _("So that no mail goes there from an old list. Nobody can read the address from it.")
    return Keeping(_("A code of the address"), ground, number)


def _zone(person: Person) -> str:
    zone: str = Contact.objects.select_related("workspace").get(id=person.ids[0]).workspace.timezone
    return zone


def _kept_until(at: datetime, zone: str) -> datetime:
    return day_start(PROOF.after(local_date(at, zone)), zone)


@transaction.atomic
def erase(contact: Contact, *, typed: str, by: User | None, at: datetime) -> Erasure:
    """Take a person out of everything; can't be undone. `typed` is their address, as a person wrote it to be sure.

    One transaction; statements grow with the tables, rows with what the person did. Raises AnotherAddress, NotYet, BadAddress.
    """
    locked: Contact = Contact.objects.select_for_update().select_related("workspace").get(pk=contact.pk)
    if normalise(typed) != locked.email:
        raise AnotherAddress(field="email")
    for address in person_of(locked).addresses:
        suppression.add_address(address, reason=Suppression.Reason.UNSUBSCRIBED, at=at)
    return _erase(locked, by=by, at=at)


@transaction.atomic
def erase_deleted(contact: Contact, *, at: datetime) -> Erasure:
    """The same for somebody who was deleted and not restored; nobody asked, so they may be written to again one day. Raises NotYet."""
    locked: Contact = Contact.objects.select_for_update().select_related("workspace").get(pk=contact.pk)
    return _erase(locked, by=None, at=at)


@transaction.atomic
def erase_restored(contact: Contact, *, is_suppressed: bool, at: datetime) -> Erasure:
    """Again what was done at a moment, for somebody whom a restored backup brought back. Raises NotYet."""
    locked: Contact = Contact.objects.select_for_update().select_related("workspace").get(pk=contact.pk)
    for address in person_of(locked).addresses if is_suppressed else ():
        suppression.add_address(address, reason=Suppression.Reason.UNSUBSCRIBED, at=at)
    return _erase(locked, by=None, at=at)


def _erase(locked: Contact, *, by: User | None, at: datetime) -> Erasure:
    person = person_of(locked)
    if reasons := obstacles(person):
        raise NotYet(reasons)
    kept, proofs = keepings(person, at=at), _proofs(person)
    address_hash, zone = locked.address_hash, locked.workspace.timezone
    erased_list.note((hashed(one) for one in person.addresses), at=at)
    rows = _take_out(person)
    _drop_archives()
    made: Erasure = Erasure.objects.create(
        asked_by=by,
        address_hash=address_hash,
        erased_at=at,
        created_at=at,
        certificate={"rows": dict(sorted(rows.items())), "kept": [said(one) for one in kept]},
        proofs=proofs,
        kept_until=_kept_until(at, zone),
    )
    audit.record("contacts.erased", by=by, at=at, subject=str(made.id), subject_id=made.id)
    due.schedule(EXPIRY, made.kept_until)
    return made


def _proofs(person: Person) -> list[dict[str, Any]]:
    consents = Contact.objects.filter(id__in=person.ids).values_list(
        "consents__act", "consents__list__name", "consents__wording", "consents__source", "consents__at"
    )
    return [
        {
            "act": act,
            "list": topic or "",
            "wording": person.scrubbed(wording),
            "source": source,
            "at": at.isoformat(),
        }
        for act, topic, wording, source, at in consents.order_by("consents__at", "consents__id")
        if act
    ]


def _take_out(person: Person) -> Counter[str]:
    rows: Counter[str] = Counter()
    for label, take_out in TAKEN_OUT.items():
        rows[label] += take_out(person)
    for model in loosely_tied():
        rows[model._meta.label_lower] += model._default_manager.filter(contact_id__in=person.ids).delete()[0]
    _number, deleted = Contact.objects.filter(id__in=person.ids).delete()
    rows.update({label.lower(): number for label, number in deleted.items()})
    return Counter({label: number for label, number in rows.items() if number})


def loosely_tied() -> Iterator[type[models.Model]]:
    """Tables with a contact's id that is no foreign key, whose rows are to be deleted."""
    for model in apps.get_models():
        answer = PERSONAL_DATA.get(model._meta.label_lower)
        if answer and answer.erase == "delete" and issubclass(model, WorkspaceOwned):
            names = {field.name: field for field in model._meta.concrete_fields}
            if "contact_id" in names and not names["contact_id"].is_relation:
                yield model


def _drop_archives() -> None:
    """Exports of contacts may hold whoever is erased, and can be made again."""
    ready = ContactExport.objects.filter(state=ContactExport.State.READY)
    for path in [exporting.path_of(export) for export in ready]:
        transaction.on_commit(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]  # bound per turn
    ready.update(state=ContactExport.State.GONE)


def said(kept: Keeping) -> dict[str, Any]:
    """As a certificate holds it, in the active language."""
    until = kept.until.isoformat() if kept.until else None
    return {"label": str(kept.label), "ground": str(kept.ground), "rows": kept.rows, "until": until}


@due.runs(EXPIRY)
def forget(*, at: datetime) -> datetime | None:
    """Drop proofs that may be kept no longer; returns when the next one is due."""
    Erasure.objects.filter(kept_until__lte=at).delete()
    following: datetime | None = Erasure.objects.order_by("kept_until").values_list("kept_until", flat=True).first()
    return following
