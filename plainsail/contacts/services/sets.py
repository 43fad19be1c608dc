"""One thing done to thousands of contacts by their ids, in a handful of statements, as an automation's step does it.

Each tells what changed by the same events as its service for one contact does, written by the database itself. In a
transaction. Ids of people who are gone or deleted are left out. Whom it changed nothing for is not told of.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection

from plainsail.contacts.events import ContactChanged, ListJoined, ListLeft, TagAdded, TagRemoved
from plainsail.contacts.models import ConsentEntry, Contact, CustomField, List, ListMember, Note, ScoreEntry, Tag
from plainsail.contacts.services import contacts, counting, membership, values
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.contacts.services.setwise import ids as array
from plainsail.contacts.services.tags import EXPIRING
from plainsail.kernel import due
from plainsail.kernel.events import Event, publish_selected
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id

Act = ConsentEntry.Act

ADD_TAG = """
INSERT INTO contacts_contacttag (id, created_at, workspace_id, tag_id, contact_id, expires_at)
SELECT {ids}, %(at)s, %(workspace)s, %(tag)s, w.id, %(until)s FROM (
  SELECT c.id FROM contacts_contact c WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(people)s::uuid[])
  AND c.deleted_at IS NULL ORDER BY c.id) w
ON CONFLICT (workspace_id, tag_id, contact_id) DO NOTHING RETURNING contact_id
"""

REMOVE_TAG = """
DELETE FROM contacts_contacttag WHERE workspace_id = %(workspace)s AND tag_id = %(tag)s
AND contact_id = ANY(%(people)s::uuid[]) RETURNING contact_id
"""

JOIN = """
INSERT INTO contacts_listmember AS m (id, created_at, workspace_id, list_id, contact_id, state, changed_at)
SELECT {ids}, %(at)s, %(workspace)s, %(list)s, w.id, 'subscribed', %(at)s FROM (
  SELECT c.id FROM contacts_contact c WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(people)s::uuid[])
  AND c.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM contacts_suppression s WHERE s.workspace_id = %(workspace)s
  AND s.address_hash = c.address_hash) ORDER BY c.id) w
ON CONFLICT (workspace_id, list_id, contact_id) DO UPDATE SET state = 'subscribed', changed_at = EXCLUDED.changed_at
WHERE m.state = 'pending' RETURNING contact_id
"""

TAKE_OFF = """
UPDATE contacts_listmember SET taken_from = state, state = 'unsubscribed', changed_at = %(at)s
WHERE workspace_id = %(workspace)s AND list_id = %(list)s AND contact_id = ANY(%(people)s::uuid[])
AND state <> 'unsubscribed' RETURNING contact_id
"""

PUT_BACK = """
UPDATE contacts_listmember m SET state = m.taken_from, taken_from = '', changed_at = %(at)s
FROM contacts_contact c WHERE c.workspace_id = %(workspace)s AND c.id = m.contact_id
AND m.workspace_id = %(workspace)s AND m.list_id = %(list)s AND m.contact_id = ANY(%(people)s::uuid[])
AND m.state = 'unsubscribed' AND m.taken_from <> '' AND NOT EXISTS (SELECT 1 FROM contacts_suppression s
WHERE s.workspace_id = %(workspace)s AND s.address_hash = c.address_hash) RETURNING m.contact_id
"""


def add_tag(tag: Tag, people: Collection[UUID], *, at: datetime) -> set[UUID]:
    """Put a tag on contacts; returns who did not have it. One that lasts some days lasts them anew for the others."""
    until = at + timedelta(days=tag.lasts_days) if tag.lasts_days else None
    new = _changed(ADD_TAG, people, at=at, tag=tag.id, until=until)
    if until is not None:
        tag.contact_tags.filter(contact_id__in=set(people) - new).update(expires_at=until)
        due.schedule(EXPIRING, until)
    contacts.touch(list(new), at=at)
    _tell(TagAdded, new, at=at, tag_id=str(tag.id))
    return new


def remove_tag(tag: Tag, people: Collection[UUID], *, at: datetime) -> set[UUID]:
    """Take a tag off contacts; returns who had it."""
    gone = _changed(REMOVE_TAG, people, at=at, tag=tag.id)
    contacts.touch(list(gone), at=at)
    _tell(TagRemoved, gone, at=at, tag_id=str(tag.id))
    return gone


def join_list(topic: List, people: Collection[UUID], *, basis: str, source: str, at: datetime) -> set[UUID]:
    """Put contacts on a list on a stated basis, kept as the proof of each; returns who joined. Who left it stays away, and
    so does who may not be written to."""
    joined = _changed(JOIN, people, at=at, list=topic.id)
    _prove(topic, joined, Act.IMPORTED, wording=basis, source=source, at=at)
    _tell(ListJoined, joined, at=at, list_id=str(topic.id))
    return joined


def take_off(topic: List, people: Collection[UUID], *, source: str, at: datetime) -> set[UUID]:
    """The business takes contacts off a list, which is no word of theirs; returns who was on it or waited to be."""
    left = _changed(TAKE_OFF, people, at=at, list=topic.id)
    _prove(topic, left, Act.TAKEN_OFF, wording="", source=source, at=at)
    _tell(ListLeft, left, at=at, list_id=str(topic.id), is_own_word=False)
    return left


def put_back(topic: List, people: Collection[UUID], *, source: str, at: datetime) -> set[UUID]:
    """Undo `take_off`: things stand as they did; returns for whom. Not for those who left by their own word since, or may
    not be written to. Nobody joined, so automations and points hear nothing.
    """
    back = _changed(PUT_BACK, people, at=at, list=topic.id)
    _prove(topic, back, Act.PUT_BACK, wording="", source=source, at=at)
    membership.mark(back)
    return back


def fill_field(field: CustomField, people: Collection[UUID], given: Any, *, at: datetime) -> set[UUID]:
    """Have an own field say the same of contacts, or nothing where it is given empty; returns for whom that is new.

    Raises BadValue.
    """
    said = values.parse(field, given)
    locked = Contact.objects.select_for_update().filter(id__in=people, deleted_at=None).order_by("id")
    wanted = {one: {field: said} for one in locked.values_list("id", flat=True)}
    changed = {one for one, keys in values.put_many(wanted).items() if keys} if wanted else set()
    contacts.touch(list(changed), at=at)
    _tell(ContactChanged, changed, at=at, changed=[f"{CUSTOM}{field.key}"])
    return changed


def give_points(people: Sequence[UUID], points: int, *, note: str, at: datetime) -> None:
    """Give contacts points, or take some; they don't fade. Who is named twice gets them twice."""
    scoring = counting.locked(at=at)
    alive = set(Contact.objects.filter(id__in=people, deleted_at=None).values_list("id", flat=True))
    counting.take_in_set_scores(at=at, ids=list(alive))
    ScoreEntry.objects.bulk_create(
        [
            ScoreEntry(contact_id=one, points=points, note=note[:200], at=at, created_at=at)
            for one in people
            if one in alive
        ],
        batch_size=5000,
    )
    counting.refresh(list(alive), scoring=scoring, at=at)


def write_note(people: Sequence[UUID], text: str, *, at: datetime) -> None:
    """Write a note on contacts that nobody of the team signs."""
    Note.objects.bulk_create(
        [Note(contact_id=one, text=text, author=None, at=at, created_at=at) for one in people], batch_size=5000
    )


def states_on(topic: List, people: Collection[UUID]) -> dict[UUID, str]:
    """How things stand between contacts and a list; nothing for who was never on it."""
    rows = ListMember.objects.filter(list=topic, contact_id__in=people)
    return dict(rows.values_list("contact_id", "state"))


def _changed(statement: str, people: Collection[UUID], *, at: datetime, **parameters: Any) -> set[UUID]:
    if not people:
        return set()
    own: dict[str, Any] = {"workspace": current_workspace_id(), "people": array(set(people)), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(ids=in_a_row()), own | parameters)
        return {contact_id for (contact_id,) in cursor.fetchall()}


def _prove(topic: List, people: set[UUID], act: str, *, wording: str, source: str, at: datetime) -> None:
    entries = [
        ConsentEntry(contact_id=one, list=topic, act=act, wording=wording, source=source[:80], at=at, created_at=at)
        for one in sorted(people)
    ]
    ConsentEntry.objects.bulk_create(entries, batch_size=5000)
    contacts.touch(list(people), at=at)


def _tell(event: type[Event], people: Collection[UUID], *, at: datetime, **facts: Any) -> None:
    if people:
        publish_selected(
            event,
            "SELECT unnest(%(people)s::uuid[]), %(facts)s::jsonb",
            {"people": array(sorted(people, key=attrgetter("int"))), "facts": json.dumps(facts)},
            at=at,
            heard=True,
        )
