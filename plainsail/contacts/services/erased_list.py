"""The list of erased people that lies beside the backups (`kernel/erasures`), as far as this business has written it.

It holds the keyed hash that `Contact.address_hash` is, so nobody can be read from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from plainsail.contacts.models import Erasure, Suppression
from plainsail.kernel import environment, erasures
from plainsail.kernel.erasures import ErasedPerson
from plainsail.kernel.tenancy import current_workspace_id


def note(address_hashes: Iterable[str], *, at: datetime) -> None:
    """Put people on the list, as soon as what erases them is committed."""
    entries = [_entry(one, at) for one in address_hashes]
    transaction.on_commit(lambda: erasures.add_people(environment.current().erasures, entries))


def complete() -> None:
    """Write down erasures that aren't on the list: from before there was one, or a crash came in between."""
    known = {(one.address_hash, one.at) for one in own()}
    made = Erasure.objects.order_by("erased_at", "id").values_list("address_hash", "erased_at")
    missing = [_entry(*one) for one in made if one not in known]
    erasures.add_people(environment.current().erasures, missing)


def own() -> list[ErasedPerson]:
    """This business's people on the list, in the order of their erasures."""
    found = [
        one for one in erasures.people(environment.current().erasures) if one.workspace_id == current_workspace_id()
    ]
    return sorted(found, key=lambda one: (one.at, one.address_hash))


def _entry(address_hash: str, at: datetime) -> ErasedPerson:
    is_suppressed = Suppression.objects.filter(address_hash=address_hash).exists()
    return ErasedPerson(current_workspace_id(), address_hash, at, is_suppressed)
