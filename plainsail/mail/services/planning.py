"""A broadcast worked out for sending processes, which know no Django: its form, and the questions they ask the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from plainsail.contacts.models import Contact
from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast
from plainsail.mail.services import books, origins, people
from plainsail.mail.services.bulk import PEOPLE, Plan, Question

HEAD = ("id", "email", "first_name", "last_name")


def plan(broadcast: Broadcast) -> Plan:
    """Inside its workspace. Raises InvalidDocument, Unmailable."""
    assert broadcast.edition is not None, "frozen before it left"
    assert broadcast.list is not None, "checked before it left"
    business = origins.business()
    sender = books.sender_of(broadcast.id)
    origin = origins.origin(business, sender, source_id=broadcast.id, topic=broadcast.list)
    compiled = origins.compile_written(broadcast.edition, origin, language=business.locale)
    fields = tuple(name for name in people.FIELDS if name not in HEAD)
    return Plan(
        workspace_id=business.id,
        source_id=broadcast.id,
        sender_id=sender.id,
        form=compiled.form,
        fields=fields,
        people=question(Contact.objects.mailable(broadcast.list), *HEAD, *fields),
    )


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
