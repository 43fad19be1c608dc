"""Tags on contacts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from plainsail.contacts.events import TagAdded, TagRemoved
from plainsail.contacts.models import Contact, ContactTag, Tag
from plainsail.contacts.services import contacts
from plainsail.kernel.events import publish, publish_many
from plainsail.kernel.models import Workspace


def named(workspace: Workspace, name: str) -> Tag:
    """The tag of this name, made at the first need."""
    slug = slugify(name)[:60] or "tag"
    found, _made = workspace.tags.get_or_create(slug=slug, defaults={"name": name[:60]})
    return found


@transaction.atomic
def add(contact: Contact, tag: Tag, *, at: datetime) -> bool:
    """Put a tag on a contact. False where it is there already."""
    return add_to_many([contact], tag, at=at) == 1


@transaction.atomic
def add_to_many(people: Iterable[Contact], tag: Tag, *, at: datetime) -> int:
    """Put a tag on many contacts; returns how many did not have it. A handful of statements, whatever the number."""
    wanted = {contact.id: contact for contact in people}
    have = set(tag.contact_tags.filter(contact_id__in=wanted).values_list("contact_id", flat=True))
    new = [contact_id for contact_id in wanted if contact_id not in have]
    ContactTag.objects.bulk_create([ContactTag(tag=tag, contact_id=one) for one in new], ignore_conflicts=True)
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
