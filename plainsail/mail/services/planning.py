"""A broadcast worked out for sending processes, which know no Django: its form, and the questions they ask the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import translation
from django.utils.formats import date_format

from plainsail.contacts.models import Contact, CustomField, FieldValue
from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast
from plainsail.mail.services import books, branches, merge_fields, origins, return_paths, signing
from plainsail.mail.services.own_words import DAY, YEAR, OwnField, OwnWords
from plainsail.mail.services.plans import PEOPLE, Plan, Question

HEAD = ("id", "email", "first_name", "last_name")


def plan(broadcast: Broadcast, *, at: datetime) -> Plan:
    """Inside its workspace. Raises InvalidDocument, Unmailable."""
    assert broadcast.edition is not None, "frozen before it left"
    assert broadcast.list is not None, "checked before it left"
    business = origins.business()
    sender = books.sender_of(broadcast.id)
    origin = origins.origin(business, sender, source_id=broadcast.id, topic=broadcast.list)
    compiled = origins.compile_written(broadcast.edition, origin, language=business.locale)
    fields = tuple(name for name in merge_fields.COLUMNS if name not in HEAD and name in compiled.form.fields)
    own = _own_words(compiled.form.fields, language=business.locale)
    return Plan(
        workspace_id=business.id,
        source_id=broadcast.id,
        sender_id=sender.id,
        form=compiled.form,
        fields=fields,
        people=question(Contact.objects.mailable(broadcast.list), *HEAD, *fields),
        facts=_facts(compiled.conditions, at=at),
        own=_own(own) if own else None,
        own_words=own,
        return_domain=return_paths.of_sender(business.id, origin.address).domain,
        signing=signing.keys_of(origin.address),
    )


def _facts(conditions: Sequence[branches.Tree], *, at: datetime) -> dict[int, Question]:
    """Whom each condition holds for; one that can't be asked any more holds for nobody."""
    found = {}
    for place, tree in enumerate(conditions):
        meant = branches.meaning(tree, at=at)
        if meant is not None:
            found[place] = question(Contact.objects.filter(meant), "id")
    return found


def _own_words(asked: Collection[str], *, language: str) -> OwnWords | None:
    """The own fields that a mail asks for, with the words of its language; None where it asks for none."""
    fields = [each for each in CustomField.objects.filter(archived_at=None) if merge_fields.own_name(each.key) in asked]
    if not fields:
        return None
    with translation.override(language):
        months = [date_format(date(2001, month, 22), "DATE_FORMAT") for month in range(1, 13)]
        return OwnWords(
            fields={
                each.id.hex: OwnField(merge_fields.own_name(each.key), each.kind, dict(each.labels)) for each in fields
            },
            yes=merge_fields.yes_or_no(is_so=True),
            no=merge_fields.yes_or_no(is_so=False),
            months=tuple(each.replace("22", DAY).replace("2001", YEAR) for each in months),
        )


def _own(words: OwnWords) -> Question:
    among = RawSQL('"contacts_fieldvalue"."contact_id" = ANY(%s)', [PEOPLE], output_field=BooleanField())
    rows = FieldValue.objects.filter(among, field_id__in=list(words.fields)).order_by("contact_id", "id")
    sql, parameters = rows.values_list(
        "contact_id", "field_id", "text", "long_text", "number", "date"
    ).query.sql_with_params()
    return Question(sql, tuple(_plain(each) for each in parameters))


def question(contacts: QuerySet[Contact], *columns: str) -> Question:
    """Columns of those of some contacts that a query finds; the ids are filled in when it is asked."""
    among = RawSQL('"contacts_contact"."id" = ANY(%s::uuid[])', [PEOPLE], output_field=BooleanField())
    sql, parameters = contacts.filter(among).order_by().values_list(*columns).query.sql_with_params()
    return Question(sql, tuple(_plain(each) for each in parameters))


def _plain(value: Any) -> Any:
    """A parameter that survives JSON; the database reads ids and moments from text as well."""
    return value if value is None or isinstance(value, bool | int | float | list) else str(value)


class DjangoStore:
    """The database through Django's connection: in tests, whose transaction no other process could look into."""

    def __init__(self, workspace_id: UUID) -> None:
        self.workspace_id = workspace_id

    @contextmanager
    def _open(self) -> Iterator[Cursor]:
        with workspace(self.workspace_id), connection.cursor() as cursor:
            yield cursor

    def transaction(self) -> AbstractContextManager[Cursor]:
        return self._open()
