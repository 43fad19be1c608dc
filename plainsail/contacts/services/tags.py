"""Tags on contacts: put on, taken off, gone by themselves; and the words themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.events import TagAdded, TagRemoved
from plainsail.contacts.models import Contact, ContactTag, Tag
from plainsail.contacts.services import contacts, uses
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish, publish_many
from plainsail.kernel.models import Workspace

EXPIRING = "contacts.tags_expire"
AT_ONCE = 5000
"""Tags that come off in one transaction."""


class TagTaken(Refusal):
    """Another tag is called that."""

    code = "tag_taken"
    message = _("Another tag has this name.")


SIGNS = str.maketrans(
    {
        "+": " plus ",
        "#": " hash ",
        "%": " percent ",
        "&": " and ",
        "<": " under ",
        ">": " over ",
        "=": " equals ",
        "€": " eur ",
        "$": " usd ",
        "£": " gbp ",
        ".": " ",
        ",": " ",
        ":": " ",
        "/": " ",
    }
)
"""Signs that make another word: C, C++ and C# are three tags, and so are 1.5 and 15."""


def named(workspace: Workspace, name: str) -> Tag:
    """The tag of this name, made at the first need."""
    found: Tag | None = (
        workspace.tags.filter(slug=slug_of(name)).first() or workspace.tags.filter(name=name[:60]).first()
    )
    if found is None:
        found, _made = workspace.tags.get_or_create(slug=slug_of(name), defaults={"name": name[:60]})
    return found


def slug_of(name: str) -> str:
    """What tells tags apart, however they are written."""
    # Words of any script, and signs alone, are names too.
    return slugify(name.translate(SIGNS), allow_unicode=True)[:60] or name.strip().casefold()[:60]


@transaction.atomic
def add(contact: Contact, tag: Tag, *, at: datetime) -> bool:
    """Put a tag on a contact. False where it is there already."""
    return add_to_many([contact], tag, at=at) == 1


@transaction.atomic
def add_to_many(people: Iterable[Contact], tag: Tag, *, at: datetime) -> int:
    """Put a tag on many contacts; returns how many did not have it. A few statements, whatever the number.

    A tag that lasts some days lasts them anew for those who have it.
    """
    wanted = list({contact.id: contact for contact in people})
    until = at + timedelta(days=tag.lasts_days) if tag.lasts_days else None
    have = set(tag.contact_tags.filter(contact_id__in=wanted).values_list("contact_id", flat=True))
    new = [contact_id for contact_id in wanted if contact_id not in have]
    if until is not None:
        tag.contact_tags.filter(contact_id__in=have).update(expires_at=until)
        due.schedule(EXPIRING, until)
    rows = [ContactTag(tag=tag, contact_id=one, expires_at=until) for one in new]
    ContactTag.objects.bulk_create(rows, ignore_conflicts=True)
    contacts.touch(new, at=at)
    publish_many([TagAdded(tag_id=tag.id, contact_id=one, at=at) for one in new])
    return len(new)


@transaction.atomic
def remove(contact: Contact, tag: Tag, *, at: datetime) -> bool:
    """Take a tag off a contact. False where it was not there."""
    removed, _detail = ContactTag.objects.filter(contact=contact, tag=tag).delete()
    if removed:
        contacts.touch([contact.id], at=at)
        publish(TagRemoved(tag_id=tag.id, contact_id=contact.id, at=at))
    return bool(removed)


@due.runs(EXPIRING)
def expire(*, at: datetime) -> datetime | None:
    """Take off what has lasted its days. Returns when the next one is due."""
    waiting = ContactTag.objects.filter(expires_at__isnull=False).order_by("expires_at", "id")
    gone = list(waiting.filter(expires_at__lte=at).select_for_update(skip_locked=True)[:AT_ONCE])
    ContactTag.objects.filter(id__in=[row.id for row in gone]).delete()
    contacts.touch([row.contact_id for row in gone], at=at)
    publish_many([TagRemoved(tag_id=row.tag_id, contact_id=row.contact_id, at=at) for row in gone])
    following: datetime | None = waiting.values_list("expires_at", flat=True).first()
    return following


@transaction.atomic
def define(workspace: Workspace, *, name: str, at: datetime, category: str = "", lasts_days: int | None = None) -> Tag:
    """A new tag. Raises TagTaken."""
    if workspace.tags.filter(slug=slug_of(name)).exists():
        raise TagTaken(field="name")
    made: Tag = Tag.objects.create(
        name=name, slug=slug_of(name), category=category, lasts_days=lasts_days, created_at=at
    )
    return made


@transaction.atomic
def change(tag: Tag, *, name: str, category: str = "", lasts_days: int | None = None) -> None:
    """Change a tag's name, category, and how long it lasts from the next time it is put on. Raises TagTaken."""
    if Tag.objects.filter(slug=slug_of(name)).exclude(pk=tag.pk).exists():
        raise TagTaken(field="name")
    tag.name, tag.slug, tag.category, tag.lasts_days = name, slug_of(name), category, lasts_days
    tag.save(update_fields=["name", "slug", "category", "lasts_days"])


@transaction.atomic
def delete(tag: Tag, *, at: datetime) -> int:
    """Take a tag off everybody and forget it. Returns how many had it. Raises InUse, which says what needs it."""
    uses.refuse(str(tag.id))
    people: Sequence[UUID] = list(tag.contact_tags.values_list("contact_id", flat=True))
    contacts.touch(people, at=at)
    publish_many([TagRemoved(tag_id=tag.id, contact_id=one, at=at) for one in people])
    tag.delete()
    return len(people)
