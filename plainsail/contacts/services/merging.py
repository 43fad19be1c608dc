"""Two contacts that are one person: everything of the one becomes the other's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import or_

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.events import ContactChanged, ContactsMerged
from plainsail.contacts.models import Contact, ListMember
from plainsail.contacts.services import contacts, engagement, membership, suppression
from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.sockets import STAYS_WHEN_MERGED
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import WorkspaceOwned


class SameContact(Refusal):
    """Merged with itself."""

    code = "same_contact"
    message = _("This is the same contact. Choose another one.")
    status = 422


class NotThere(Refusal):
    """One of them was deleted."""

    code = "contact_deleted"
    message = _("A deleted contact can’t be merged. Restore it first.")


@transaction.atomic
def merge(kept: Contact, merged: Contact, *, at: datetime) -> Contact:
    """Make everything of `merged` a part of `kept`, and delete what is left of it. Returns the contact that stays.

    What both say differently is as `kept` says. Whoever left a list under either address has left it, and whoever wants
    no mail at one of them, or called it spam, gets none at the other. What both had once (the same mail, the same tag)
    stays with the deleted one. Raises SameContact, NotThere.
    """
    if kept.pk == merged.pk:
        raise SameContact(field="email")
    locked = {
        one.pk: one for one in Contact.objects.select_for_update().filter(pk__in=[kept.pk, merged.pk]).order_by("pk")
    }
    kept, merged = locked[kept.pk], locked[merged.pk]
    if kept.is_deleted or merged.is_deleted:
        raise NotThere(field="email")
    changed = _complete(kept, merged)
    # What the one that stays says of a field is what holds, also where the other chose something else.
    merged.field_values.filter(field_id__in=kept.field_values.values("field_id")).delete()
    _leave_what_either_left(kept, merged, at=at)
    _refuse_what_either_refused(kept, merged, at=at)
    engagement.absorb(kept, merged)
    for model, column in movable():
        _move(model, column, kept, merged)
    Contact.objects.filter(pk=merged.pk).update(deleted_at=at, merged_into=kept.pk, updated_at=at)
    contacts.touch([kept.pk], at=at)
    membership.mark([merged.pk])
    publish(ContactsMerged(merged_id=merged.pk, contact_id=kept.pk, at=at))
    if changed:
        publish(ContactChanged(changed=changed, contact_id=kept.pk, at=at))
    return kept


def _complete(kept: Contact, merged: Contact) -> list[str]:
    """Fill what the one that stays doesn't say. Scores add up, because both did what earned them."""
    changed = [name for name in PROFILE if getattr(merged, name) and not getattr(kept, name)]
    for name in changed:
        setattr(kept, name, getattr(merged, name))
    if kept.notes != merged.notes and merged.notes:
        kept.notes = f"{kept.notes}\n\n{merged.notes}"
        changed.append("notes")
    if merged.score and "score" not in changed:
        kept.score += merged.score
        changed.append("score")
    # Entries of both are one's from now on; what was counted of them is counted already.
    kept.score_counted += merged.score_counted
    kept.score_peak = max(kept.score_peak or 0, merged.score_peak or 0, kept.score)
    kept.created_at = min(kept.created_at, merged.created_at)
    kept.save(update_fields=[*changed, "created_at", "score_counted", "score_peak"])
    return changed


def _leave_what_either_left(kept: Contact, merged: Contact, *, at: datetime) -> None:
    # Whom the business took off a list has not left it.
    left = ListMember.objects.filter(contact=merged, state=ListMember.State.UNSUBSCRIBED, taken_from="")
    kept.memberships.filter(list_id__in=left.values("list_id")).update(
        state=ListMember.State.UNSUBSCRIBED, taken_from="", changed_at=at
    )


def _refuse_what_either_refused(kept: Contact, merged: Contact, *, at: datetime) -> None:
    """What a person said at one address holds for them; that an address doesn't exist is a fact about that one alone."""
    said = suppression.of(merged)
    if said is not None and said.reason in suppression.SAID:
        suppression.add(kept, reason=suppression.Reason(said.reason), at=at)


def movable() -> Iterator[tuple[type[models.Model], str]]:
    """Every table with a contact's id in it, and the column: what a merge makes somebody else's."""
    for model in apps.get_models():
        if not issubclass(model, WorkspaceOwned) or model is Contact or model._meta.label_lower in STAYS_WHEN_MERGED:
            continue
        for field in model._meta.concrete_fields:
            if field.related_model is Contact or field.attname == "contact_id":
                yield model, field.attname


def _move(model: type[models.Model], column: str, kept: Contact, merged: Contact) -> None:
    rows = model._default_manager.filter(**{column: merged.pk})
    if clashes := [_twin(model, column, kept, names) for names in _unique_with(model, column)]:
        rows = rows.exclude(reduce(or_, clashes))
    rows.update(**{column: kept.pk})


def _unique_with(model: type[models.Model], column: str) -> Iterator[list[str]]:
    """For each uniqueness that the contact is part of, the other columns of it."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            names = [model._meta.get_field(name).attname for name in constraint.fields]  # type: ignore[union-attr]  # a column
            if column in names:
                yield [name for name in names if name != column]


def _twin(model: type[models.Model], column: str, kept: Contact, names: list[str]) -> Q:
    """Rows beside which the one that stays has one already. An index on a condition counts as if it had none."""
    same = {name: OuterRef(name) for name in names}
    return Q(Exists(model._default_manager.filter(**same, **{column: kept.pk})))
