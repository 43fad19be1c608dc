"""A few thousand people at once into the tables of contacts: COPY into temporary tables, then one statement a table.

Row-level security allows no COPY into the tables themselves. What will happen to each person is found out first, in the
temporary tables; a check ends there, an import goes on and does it. The cost of a chunk does not grow with the number of
contacts: all is found along indexes that lead with the workspace.

Who is new and who was known is told apart first, for nothing that is written of the new ones can be there already: looking
for a conflict costs as much as the row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from plainsail.contacts.events import ContactChanged, ContactCreated, ListJoined, ListLeft, TagAdded
from plainsail.contacts.models import Suppression
from plainsail.contacts.services import membership
from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.services.importing_reading import Fault
from plainsail.contacts.services.importing_rows import Person
from plainsail.contacts.services.importing_staging import STAGING, Staged, tag_rows
from plainsail.kernel.events import publish_selected
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id

SOURCE = "import"
SUPPRESSED = (
    "LEFT JOIN LATERAL (SELECT 1 AS is_so FROM contacts_suppression WHERE workspace_id = %(workspace)s "
    "AND address_hash = q.address_hash OFFSET 0) suppressed ON true"
)
LEFT = "unsubscribed"
LEAVING = (
    "SELECT p.contact, l.list FROM import_person p JOIN import_list l USING (place) WHERE p.standing = 'unsubscribed' "
    "UNION ALL SELECT p.contact, t.id FROM import_person p JOIN contacts_list t ON t.workspace_id = %(workspace)s "
    "WHERE p.standing = 'unsubscribed' AND NOT EXISTS (SELECT 1 FROM import_list l WHERE l.place = p.place)"
)
"""Who left which list in the old program: those that the import is about, every one where it names none."""
SEEN = "CREATE TEMPORARY TABLE IF NOT EXISTS import_seen (email text PRIMARY KEY)"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By which rule people are written, and what comes with all of them. `at` is the same for a whole import."""

    import_id: UUID
    overwrites: bool
    basis: str
    is_announced: bool
    at: datetime


@dataclass
class Tally:
    """What became of rows. `held`: put on no list, for they had left it or may not be written to."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    refused: int = 0
    held: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[int, ...]:
        return (self.created, self.changed, self.unchanged, self.repeated, self.refused, self.held)


def foresee(
    people: Sequence[Person], staged: Staged, tag_ids: dict[str, UUID], terms: Terms, faults: list[Fault]
) -> Tally:
    """What writing these people would do, without doing it; those met in earlier chunks count as repeated."""
    with connection.cursor() as cursor:
        chunk = _Chunk(cursor, terms)
        chunk.stage(people, staged, tag_ids)
        cursor.execute(SEEN)
        cursor.execute("UPDATE import_person SET is_repeated = true WHERE email IN (SELECT email FROM import_seen)")
        cursor.execute("INSERT INTO import_seen SELECT email FROM import_person ON CONFLICT DO NOTHING")
        chunk.find()
        return chunk.compare(people, faults)


def forget_seen() -> None:
    """End a check."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_seen")


def write(
    people: Sequence[Person], staged: Staged, tag_ids: dict[str, UUID], terms: Terms, faults: list[Fault]
) -> Tally:
    """Write people, each address once, and note in `ImportedContact` what that takes to be undone. In a transaction.

    Raises IntegrityError where somebody else made one of them at this moment: in another transaction they are known.
    """
    with connection.cursor() as cursor:
        # How far the import is lies in the same transaction: a database that loses this chunk knows nothing of it and
        # writes it again. The end of the import is a commit of the usual kind, and whatever it is told after that stays.
        cursor.execute("SET LOCAL synchronous_commit = off")
        chunk = _Chunk(cursor, terms)
        chunk.stage(people, staged, tag_ids)
        chunk.find()
        chunk.lock()
        chunk.create()
        chunk.note_repeated()
        tally = chunk.compare(people, faults)
        chunk.change()
        chunk.put_values()
        chunk.put_tags()
        chunk.put_on_lists()
        chunk.keep_standing(people)
        chunk.note()
        return tally


class _Chunk:
    def __init__(self, cursor: Any, terms: Terms) -> None:
        self._cursor = cursor
        self._terms = terms
        self._given = {
            "workspace": current_workspace_id(),
            "import": terms.import_id,
            "at": terms.at,
            "basis": terms.basis,
            "source": SOURCE,
            "said": json.dumps({"source": SOURCE}),
        }
        self._has_old = False
        self._has: set[str] = set()

    def _run(self, query: str, **more: Any) -> int:
        self._cursor.execute(query, {**self._given, **more})
        return int(self._cursor.rowcount)

    def _run_along_indexes(self, query: str) -> None:
        """For what joins a few people with a whole table: the planner would rather read all of it.

        Of a table that grew since it was last looked at it knows no size, and would read it once and go through it for each.
        """
        self._run("SET LOCAL enable_hashjoin = off")
        self._run("SET LOCAL enable_material = off")
        self._run(query)
        self._run("SET LOCAL enable_material = on")
        self._run("SET LOCAL enable_hashjoin = on")

    def stage(self, people: Sequence[Person], staged: Staged, tag_ids: dict[str, UUID]) -> None:
        # Nothing of a chunk comes sorted, and the planner knows of no temporary table how large it is.
        self._run("SET LOCAL enable_mergejoin = off")
        for statement in STAGING:
            self._cursor.execute(statement)
        self._names = staged.names
        self._copy(
            "import_person", ("place", "contact", "email", "address_hash", "standing", *staged.names), staged.people
        )
        self._copy("import_value", ("place", "field", "text", "long_text", "number", "date"), staged.values)
        self._copy("import_tag", ("place", "tag"), tag_rows(people, tag_ids))
        self._copy("import_list", ("place", "list"), staged.lists)

    def _copy(self, table: str, columns: Sequence[str], rows: bytes) -> None:
        if rows:
            self._has.add(table)
            with self._cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                copy.write(rows)

    def find(self) -> None:
        """Who is known already, by address."""
        # One look along the index for each address: what the planner believes of the sizes must not decide it.
        found = self._run(
            "UPDATE import_person p SET contact = found.id, is_new = false, is_merged = found.merged_into IS NOT NULL "
            "FROM (SELECT q.place, c.id, c.merged_into FROM import_person q CROSS JOIN LATERAL (SELECT id, merged_into "
            "FROM contacts_contact WHERE workspace_id = %(workspace)s AND email = q.email OFFSET 0) c"
            ") found WHERE found.place = p.place"
        )
        self._has_old = found > 0

    def lock(self) -> None:
        # In the order of ids, so that two imports of the same people wait for each other instead of failing.
        if self._has_old:
            self._run(
                "SELECT 1 FROM contacts_contact WHERE workspace_id = %(workspace)s AND id IN "
                "(SELECT contact FROM import_person WHERE NOT is_new) ORDER BY id FOR NO KEY UPDATE"
            )

    def create(self) -> None:
        """Contacts for those who are not known, in the order of their ids: COPY left them so."""
        columns = ("id", "created_at", "updated_at", "workspace_id", "email", "address_hash", "source", "score_counted")
        profile = ", ".join(f"coalesce({name}, {'0' if name == 'score' else repr('')})" for name in PROFILE)
        self._run(
            f"INSERT INTO contacts_contact ({', '.join([*columns, *PROFILE])}) "
            f"SELECT contact, %(at)s, %(at)s, %(workspace)s, email, address_hash, %(source)s, 0, {profile} "
            "FROM import_person WHERE is_new"
        )

    def note_repeated(self) -> None:
        if self._has_old:
            self._run(
                "UPDATE import_person p SET is_repeated = true FROM (SELECT q.place FROM import_person q CROSS JOIN LATERAL "
                "(SELECT 1 FROM contacts_importedcontact WHERE workspace_id = %(workspace)s AND origin_id = %(import)s "
                "AND contact_id = q.contact OFFSET 0) j WHERE NOT q.is_new) again WHERE again.place = p.place"
            )

    def compare(self, people: Sequence[Person], faults: list[Fault]) -> Tally:
        """What changes for whom. After this the temporary tables hold only what is to be done."""
        merged = self._drop_merged(people, faults) if self._has_old else 0
        if self._has_old:
            self._compare_profiles()
            self._compare_values()
            self._compare_tags_and_lists()
            if any(one.standing == LEFT for one in people):
                self._compare_leaving()
        if "import_list" in self._has:
            self._hold()
        self._cursor.execute(
            "SELECT count(*) FILTER (WHERE fresh AND NOT old), "
            "count(*) FILTER (WHERE fresh AND old AND (before <> '{}' OR gains)), "
            "count(*) FILTER (WHERE fresh AND old AND NOT (before <> '{}' OR gains)), "
            "count(*) FILTER (WHERE NOT fresh), count(*) FILTER (WHERE fresh AND is_held) "
            "FROM (SELECT *, NOT is_repeated AS fresh, NOT is_new AS old FROM import_person) p"
        )
        ((created, changed, unchanged, repeated, held),) = self._cursor.fetchall()
        return Tally(created, changed, unchanged, repeated, merged, held)

    def _drop_merged(self, people: Sequence[Person], faults: list[Fault]) -> int:
        self._cursor.execute("DELETE FROM import_person WHERE is_merged RETURNING place")
        gone = [people[place] for (place,) in self._cursor.fetchall()]
        reason = _("This address belongs to a contact that became part of another one.")
        faults += [Fault(one.row, "email", one.email, reason) for one in gone]
        return len(gone)

    def _compare_profiles(self) -> None:
        names = ", ".join(("deleted_at", *self._names))
        before = "".join(
            f", '{name}', CASE WHEN {self._differs(name)} THEN to_jsonb(c.{name}) END" for name in self._names
        )
        differs = "".join(f" OR {self._differs(name)}" for name in self._names)
        self._run(
            "UPDATE import_person SET before = found.before FROM (SELECT p.place, jsonb_strip_nulls(jsonb_build_object("
            f"'deleted_at', to_jsonb(c.deleted_at){before})) AS before FROM import_person p CROSS JOIN LATERAL ("
            f"SELECT {names} FROM contacts_contact WHERE workspace_id = %(workspace)s AND id = p.contact OFFSET 0) c "
            f"WHERE NOT p.is_new AND (c.deleted_at IS NOT NULL{differs})) found WHERE found.place = import_person.place"
        )

    def _differs(self, name: str) -> str:
        empty = "" if self._terms.overwrites else f" AND c.{name} = {'0' if name == 'score' else repr('')}"
        return f"p.{name} IS NOT NULL AND p.{name} <> c.{name}{empty}"

    def _compare_values(self) -> None:
        """Which custom fields of known contacts will be written, and what they said before."""
        if "import_value" not in self._has:
            return
        if self._terms.overwrites:
            self._find_values_to_overwrite()
        else:
            self._run(
                "INSERT INTO import_put SELECT DISTINCT p.contact, v.field, '[]'::jsonb FROM import_value v "
                "JOIN import_person p USING (place) LEFT JOIN LATERAL (SELECT 1 AS is_so FROM contacts_fieldvalue WHERE "
                "workspace_id = %(workspace)s AND contact_id = p.contact AND field_id = v.field LIMIT 1) have ON true "
                "WHERE NOT p.is_new AND have.is_so IS NULL"
            )
        self._run(
            "UPDATE import_person p SET before = p.before || put.said FROM (SELECT contact, "
            "jsonb_object_agg('field:' || field, before) AS said FROM import_put GROUP BY 1) put "
            "WHERE put.contact = p.contact"
        )

    def _find_values_to_overwrite(self) -> None:
        row = "jsonb_build_array(v.text, v.long_text, v.number, v.date)"
        self._run(
            "INSERT INTO import_put SELECT wanted.contact, wanted.field, coalesce(have.said, '[]') FROM "
            f"(SELECT p.contact, v.field, jsonb_agg({row} ORDER BY v.text) AS said FROM import_value v "
            "JOIN import_person p USING (place) WHERE NOT p.is_new GROUP BY 1, 2) wanted LEFT JOIN LATERAL "
            f"(SELECT jsonb_agg({row} ORDER BY v.text) AS said FROM contacts_fieldvalue v WHERE "
            "v.workspace_id = %(workspace)s AND v.contact_id = wanted.contact AND v.field_id = wanted.field) have ON true "
            "WHERE have.said IS NULL OR have.said <> wanted.said"
        )

    def _compare_tags_and_lists(self) -> None:
        """Who gets a tag or onto a list that they don't have yet; again one look along an index for each."""
        if "import_tag" in self._has:
            self._gain(
                "import_tag",
                "LEFT JOIN LATERAL (SELECT 1 AS is_so FROM contacts_contacttag WHERE workspace_id = %(workspace)s "
                "AND tag_id = l.tag AND contact_id = q.contact OFFSET 0) had ON true WHERE had.is_so IS NULL",
            )
        if "import_list" in self._has:
            self._gain(
                "import_list",
                f"{SUPPRESSED} LEFT JOIN LATERAL (SELECT 1 AS is_so FROM contacts_listmember "
                "WHERE workspace_id = %(workspace)s AND list_id = l.list AND contact_id = q.contact "
                "AND state <> 'pending' OFFSET 0) had ON true "
                "WHERE had.is_so IS NULL AND suppressed.is_so IS NULL AND q.standing = ''",
            )

    def _compare_leaving(self) -> None:
        """Who left a list in the old program and is not known here to have left it."""
        self._run(
            f"UPDATE import_person p SET gains = true WHERE NOT p.is_new AND EXISTS (SELECT 1 FROM ({LEAVING}) l "
            "WHERE l.contact = p.contact AND NOT EXISTS (SELECT 1 FROM contacts_listmember m WHERE "
            "m.workspace_id = %(workspace)s AND m.list_id = l.list AND m.contact_id = p.contact AND m.state = 'unsubscribed'))"
        )

    def _gain(self, table: str, condition: str) -> None:
        self._run(
            f"UPDATE import_person p SET gains = true FROM (SELECT DISTINCT q.place FROM import_person q "
            f"JOIN {table} l USING (place) {condition} AND NOT q.is_new) gained WHERE gained.place = p.place"
        )

    def _hold(self) -> None:
        """Whoever left a list, complained or bounced, here or in the old program, is not put on it."""
        self._run(
            "UPDATE import_person p SET is_held = true FROM (SELECT DISTINCT q.place FROM import_person q "
            f"JOIN import_list l USING (place) {SUPPRESSED} LEFT JOIN LATERAL (SELECT 1 AS is_so FROM contacts_listmember "
            "WHERE workspace_id = %(workspace)s AND list_id = l.list AND contact_id = q.contact "
            "AND state = 'unsubscribed' OFFSET 0) was ON true "
            "WHERE q.standing <> '' OR suppressed.is_so = 1 OR was.is_so = 1) held WHERE held.place = p.place"
        )

    def change(self) -> None:
        if not self._has_old:
            return
        new = "".join(
            f"{name} = CASE WHEN {self._differs(name)} THEN p.{name} ELSE c.{name} END, " for name in self._names
        )
        # Those whom this import itself made or changed in an earlier chunk carry its moment already.
        self._run_along_indexes(
            f"UPDATE contacts_contact c SET {new} deleted_at = NULL, updated_at = %(at)s FROM import_person p "
            "WHERE c.workspace_id = %(workspace)s AND c.id = p.contact AND NOT p.is_new "
            "AND (p.before <> '{}' OR p.gains AND c.updated_at <> %(at)s)"
        )

    def put_values(self) -> None:
        if "import_value" not in self._has:
            return
        if self._has_old:
            self._run_along_indexes(
                "DELETE FROM contacts_fieldvalue v USING import_put put WHERE v.workspace_id = %(workspace)s "
                "AND v.contact_id = put.contact AND v.field_id = put.field"
            )
        self._run(
            "INSERT INTO contacts_fieldvalue (id, created_at, workspace_id, field_id, contact_id, text, long_text, number, date) "
            f"SELECT {in_a_row()}, %(at)s, %(workspace)s, v.field, p.contact, v.text, v.long_text, v.number, v.date "
            "FROM import_value v JOIN import_person p USING (place) WHERE p.is_new OR (p.contact, v.field) IN "
            "(SELECT contact, field FROM import_put)"
        )

    def put_tags(self) -> None:
        if "import_tag" not in self._has:
            return
        if self._terms.is_announced:
            self._run("CREATE TEMPORARY TABLE import_tagged (contact_id uuid, tag_id uuid) ON COMMIT DROP")
        self._add_tags("p.is_new")
        if self._has_old:
            self._add_tags("NOT p.is_new", "ON CONFLICT (workspace_id, tag_id, contact_id) DO NOTHING")
        if self._terms.is_announced:
            self._tell(TagAdded, "SELECT contact_id, jsonb_build_object('tag_id', tag_id) FROM import_tagged")
            self._run("DROP TABLE import_tagged")

    def _add_tags(self, whose: str, unless: str = "") -> None:
        added = (
            "INSERT INTO contacts_contacttag (id, created_at, workspace_id, tag_id, contact_id, expires_at) "
            f"SELECT {in_a_row()}, %(at)s, %(workspace)s, t.tag, p.contact, "
            "%(at)s + g.lasts_days * interval '1 day' FROM import_tag t JOIN import_person p USING (place) "
            f"JOIN contacts_tag g ON g.workspace_id = %(workspace)s AND g.id = t.tag WHERE {whose} {unless}"
        )
        if self._terms.is_announced:
            added = (
                f"WITH added AS ({added} RETURNING contact_id, tag_id) "
                "INSERT INTO import_tagged SELECT contact_id, tag_id FROM added"
            )
        self._run(added)

    def put_on_lists(self) -> None:
        """Those who may be. Each gets the basis as proof, and nothing brings back who left."""
        if "import_list" not in self._has:
            return
        self._run("CREATE TEMPORARY TABLE import_joined (contact_id uuid, list_id uuid) ON COMMIT DROP")
        joined = (
            "INSERT INTO contacts_listmember AS m (id, created_at, workspace_id, list_id, contact_id, state, changed_at) "
            f"SELECT {in_a_row()}, %(at)s, %(workspace)s, l.list, p.contact, 'subscribed', %(at)s "
            "FROM import_list l JOIN import_person p USING (place) WHERE p.standing = '' AND NOT EXISTS "
            "(SELECT 1 FROM contacts_suppression s WHERE s.workspace_id = %(workspace)s AND s.address_hash = p.address_hash) "
            "ON CONFLICT (workspace_id, list_id, contact_id) DO UPDATE SET state = 'subscribed', changed_at = %(at)s "
            "WHERE m.state = 'pending' RETURNING m.contact_id, m.list_id"
        )
        self._run(f"WITH joined AS ({joined}) INSERT INTO import_joined SELECT contact_id, list_id FROM joined")
        self._run(
            "INSERT INTO contacts_consententry (id, created_at, workspace_id, contact_id, list_id, act, wording, source, "
            f"user_agent, at) SELECT {in_a_row()}, %(at)s, %(workspace)s, contact_id, list_id, 'imported', %(basis)s, "
            "%(source)s, '', %(at)s FROM import_joined"
        )
        if self._terms.is_announced:
            self._tell(ListJoined, "SELECT contact_id, jsonb_build_object('list_id', list_id) FROM import_joined")
        self._run("DROP TABLE import_joined")

    def _leave_lists(self) -> None:
        """An import never brings anybody back, but it may well tell that somebody left: with an entry beside their consent."""
        self._run("CREATE TEMPORARY TABLE import_left (contact_id uuid, list_id uuid) ON COMMIT DROP")
        left = (
            "INSERT INTO contacts_listmember AS m (id, created_at, workspace_id, list_id, contact_id, state, changed_at) "
            f"SELECT {in_a_row()}, %(at)s, %(workspace)s, l.list, l.contact, 'unsubscribed', %(at)s FROM ({LEAVING}) l "
            "ON CONFLICT (workspace_id, list_id, contact_id) DO UPDATE SET state = 'unsubscribed', taken_from = '', changed_at = %(at)s "
            "WHERE m.state <> 'unsubscribed' OR m.taken_from <> '' RETURNING m.contact_id, m.list_id"
        )
        self._run(f"WITH gone AS ({left}) INSERT INTO import_left SELECT contact_id, list_id FROM gone")
        self._run(
            "INSERT INTO contacts_consententry (id, created_at, workspace_id, contact_id, list_id, act, wording, source, "
            f"user_agent, at) SELECT {in_a_row()}, %(at)s, %(workspace)s, contact_id, list_id, 'withdrawn', '', "
            "%(source)s, '', %(at)s FROM import_left"
        )
        if self._terms.is_announced:
            self._tell(ListLeft, "SELECT contact_id, jsonb_build_object('list_id', list_id) FROM import_left")
        self._run("DROP TABLE import_left")

    def keep_standing(self, people: Sequence[Person]) -> None:
        """Who had left, bounced or complained in the old program has done so here."""
        if not any(one.standing for one in people):
            return
        if any(one.standing == LEFT for one in people):
            self._leave_lists()
        reasons = Suppression.Reason
        self._run(
            "INSERT INTO contacts_suppression (id, created_at, workspace_id, address_hash, reason, at) "
            f"SELECT {in_a_row()}, %(at)s, %(workspace)s, address_hash, "
            "CASE standing WHEN 'bounced' THEN %(bounce)s WHEN 'complained' THEN %(complaint)s ELSE %(never)s END, %(at)s "
            "FROM import_person WHERE standing IN ('bounced', 'complained', 'never') "
            "ON CONFLICT (workspace_id, address_hash) DO NOTHING",
            bounce=reasons.HARD_BOUNCE.value,
            complaint=reasons.COMPLAINT.value,
            never=reasons.UNSUBSCRIBED.value,
        )

    def note(self) -> None:
        """The journal, from which all of it can be undone; and the events."""
        # Somebody is made once, so their own id serves what says so, here and in the event: ids cost as much as an index.
        self._note("contact", "is_new")
        if self._has_old:
            # What a field said before the first row of the file is what it goes back to.
            self._note(
                in_a_row(),
                "NOT is_new",
                "ON CONFLICT (workspace_id, origin_id, contact_id) DO UPDATE "
                "SET before = nullif(coalesce(EXCLUDED.before, '{}') || coalesce(j.before, '{}'), '{}') "
                "WHERE EXCLUDED.before IS NOT NULL",
            )
        created = "SELECT contact, %(said)s::jsonb FROM import_person WHERE is_new"
        self._tell(ContactCreated, created, ids="found.contact_id")
        if self._has_old:
            self._tell(
                ContactChanged,
                "SELECT p.contact, jsonb_build_object('changed', jsonb_agg(coalesce('field:' || f.key, k.name))) "
                "FROM import_person p CROSS JOIN LATERAL jsonb_object_keys(p.before) k(name) LEFT JOIN contacts_customfield f "
                "ON f.workspace_id = %(workspace)s AND 'field:' || f.id = k.name "
                "WHERE NOT p.is_new AND k.name <> 'deleted_at' GROUP BY p.contact",
            )
            gained = "SELECT contact FROM import_person WHERE gains AND NOT is_new"
            self._run(membership.marking(gained), what=membership.BY_HAND)

    def _note(self, ids: str, who: str, unless: str = "") -> None:
        self._run(
            "INSERT INTO contacts_importedcontact AS j (id, created_at, workspace_id, origin_id, contact_id, is_created, "
            f"before) SELECT {ids}, %(at)s, %(workspace)s, %(import)s, contact, is_new, nullif(before, '{{}}') "
            f"FROM import_person WHERE {who} {unless}"
        )

    def _tell(self, event: Any, query: str, *, ids: str = "") -> None:
        publish_selected(event, query, self._given, at=self._terms.at, heard=self._terms.is_announced, ids=ids)
