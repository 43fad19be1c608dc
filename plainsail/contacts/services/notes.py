"""Notes on contacts: written, changed, deleted, and all of it taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.contacts.models import Contact, Note


def write(contact: Contact, *, text: str, author: User, at: datetime, about_id: UUID | None = None) -> Note:
    """A new note. `about_id` is what of the contact's it is about, where that is known."""
    made: Note = Note.objects.create(contact=contact, text=text, author=author, at=at, created_at=at, about_id=about_id)
    return made


def change(note: Note, *, text: str, at: datetime) -> None:
    """Say it differently; what it said before is kept for `take_back`."""
    if text == note.text:
        return
    note.text_before, note.text, note.edited_at = note.text, text, at
    note.save(update_fields=["text", "text_before", "edited_at"])


@transaction.atomic
def take_back(note: Note, *, at: datetime) -> None:
    """Undo the last change or deletion. Twice gives back what was taken back."""
    note = Note.objects.select_for_update().get(pk=note.pk)
    if note.deleted_at is not None:
        note.deleted_at = None
    elif note.text_before:
        note.text, note.text_before, note.edited_at = note.text_before, note.text, at
    note.save(update_fields=["text", "text_before", "edited_at", "deleted_at"])


def delete(note: Note, *, at: datetime) -> None:
    """Hide a note. Can be taken back."""
    Note.objects.filter(pk=note.pk, deleted_at=None).update(deleted_at=at)
