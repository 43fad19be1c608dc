"""People are found by any part of their names and addresses, and never those of another business."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import DatabaseError, connection, transaction

from plainsail.contacts import queries
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.tenancy import workspace


def found(business, text: str) -> list[str]:
    return [one.email for one in queries.browse(business, text=text).rows]


@pytest.mark.parametrize(
    "text",
    ["maren", "AREN", "thiele", "maren thi", "Thiele Maren", "ren@cla", "clay.example", "  Maren  ", "mår", "100%_\\"],
)
def test_a_part_of_a_name_or_an_address_finds_somebody(in_juniper, text):
    ContactFactory(first_name="Maren Mår", last_name="Thiele 100%_\\", email="maren@clay.example")
    ContactFactory(first_name="Jonas", last_name="Petersen", email="jonas@wood.example")
    assert found(in_juniper, text) == ["maren@clay.example"]


@pytest.mark.parametrize(
    "text", ["bücher", "BÜCH", "ücher.exa", "anna@bücher.example", "na@büch", "Anna bücher", "xn--bcher"]
)
def test_a_domain_in_any_script_is_found_as_people_write_it(in_juniper, text):
    ContactFactory(first_name="Anna", email="anna@xn--bcher-kva.example")
    ContactFactory(first_name="Bücher", last_name="Wurm", email="wurm@example.com")
    ContactFactory(first_name="Anna", email="anna@xn--mnchen-3ya.example")
    assert [one for one in found(in_juniper, text) if one != "wurm@example.com"] == ["anna@xn--bcher-kva.example"]


@pytest.mark.parametrize("text", ["bücher%", "b_ücher", "otto@bücher", "anna@ücher"])
def test_a_domain_in_another_script_is_not_found_by_what_it_does_not_hold(in_juniper, text):
    ContactFactory(first_name="Anna", email="anna@xn--bcher-kva.example")
    assert found(in_juniper, text) == []


@pytest.mark.parametrize("text", ["müller", "MÜLL", "müller@example"])
def test_a_name_in_any_script_is_found_before_the_at(in_juniper, text):
    ContactFactory(email="müller@example.com")
    assert found(in_juniper, text) == ["müller@example.com"]


@pytest.mark.parametrize("text", ["marex", "maren petersen", "m_ren", "m%n", "%", "_", "\\"])
def test_words_that_not_one_person_has_all_of_find_nobody(in_juniper, text):
    ContactFactory(first_name="Maren", last_name="Thiele", email="maren@clay.example")
    ContactFactory(first_name="Jonas", last_name="Petersen", email="jonas@wood.example")
    assert found(in_juniper, text) == []


def test_nobody_of_another_business_is_ever_found(juniper, acme):
    with workspace(acme):
        ContactFactory(first_name="Maren", email="theirs@clay.example")
    with workspace(juniper):
        ContactFactory(first_name="Maren", email="ours@clay.example")
        assert found(juniper, "maren") == ["ours@clay.example"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT said FROM contacts_searchable")
            assert [said for (said,) in cursor.fetchall()] == ["maren  ours@clay.example"]


def test_the_view_of_what_is_searched_shows_nothing_where_no_business_is_open(juniper):
    with workspace(juniper):
        ContactFactory()
    seen = []
    # Refused on a connection that never had a business open, empty on others.
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT said FROM contacts_searchable")
        seen = cursor.fetchall()
    assert seen == []


def test_nothing_can_be_written_through_the_view(in_juniper):
    ContactFactory()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_searchable SET id = id")


def test_the_index_of_parts_is_there(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'contact_said'")
        assert "gin_trgm_ops" in cursor.fetchone()[0]
