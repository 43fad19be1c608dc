"""What own fields say is the same in a sending process, which knows no Django, as everywhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from plainsail.contacts.models import Contact, CustomField
from plainsail.contacts.queries import values_of
from plainsail.contacts.services import fields, values
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.tenancy import workspace
from plainsail.mail.services import merge_fields, planning
from plainsail.mail.services.own_words import OwnWords
from plainsail.mail.services.planning import DjangoStore

pytestmark = pytest.mark.django_db

Kinds = CustomField.Kind
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def maren(juniper) -> Contact:
    with workspace(juniper):
        made: Contact = ContactFactory()
        return made


def words_in_a_process(of, *, language: str) -> dict[str, str]:
    """As a lane would ask and write them, over the way that its plan takes to it."""
    with workspace(of):
        asked = frozenset(merge_fields.own_name(each.key) for each in CustomField.objects.all())
        words = planning._own_words(asked, language=language)
        assert words is not None
        question, passed_on = planning._own(words), OwnWords.from_json(words.to_json())
        ids = list(Contact.objects.values_list("id", flat=True))
    with DjangoStore(of.pk).transaction() as cursor:
        found = passed_on.of(question.ask(cursor, ids))
    return found.get(ids[0], {})


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_kind_says_the_same(juniper, maren, language):
    with workspace(juniper):
        said = {
            Kinds.TEXT: ("Glaze", "Celadon & ash"),
            Kinds.LONG_TEXT: ("Wishes", "Bowls,\nplates"),
            Kinds.NUMBER: ("Kilos", "12.50"),
            Kinds.DATE: ("Birthday", "1984-02-29"),
            Kinds.YES_NO: ("Has a kiln", True),
            Kinds.CHOICE: ("Level", "Beginner"),
            Kinds.CHOICES: ("Days", ["Monday", "Friday"]),
        }
        for kind, (label, value) in said.items():
            choices = ["Beginner", "Monday", "Friday"] if kind in {Kinds.CHOICE, Kinds.CHOICES} else []
            made = fields.define(juniper, label=label, kind=kind, choices=choices, at=NOON)
            values.put(maren, {made.key: value})
        with translation.override(language):
            usual = merge_fields.values(maren, values_of([maren])[maren.id])
    own = {name: words for name, words in usual.items() if name.startswith(merge_fields.OWN)}
    assert len(own) == 7
    assert words_in_a_process(juniper, language=language) == own


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_day_is_written_as_the_language_has_it(juniper, language):
    with workspace(juniper):
        made = fields.define(juniper, label="Birthday", kind=Kinds.DATE, at=NOON)
        words = planning._own_words({merge_fields.own_name(made.key)}, language=language)
    assert words is not None
    with translation.override(language):
        for number in range(366):
            day = date(2024, 1, 1) + timedelta(days=number)
            assert words._written(words.fields[made.id.hex], "", "", None, day) == merge_fields.written(day)


def test_a_mail_without_own_fields_asks_nothing(juniper):
    with workspace(juniper):
        assert planning._own_words({"first_name"}, language="en") is None
