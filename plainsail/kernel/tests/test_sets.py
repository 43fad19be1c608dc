"""Many rows written at once, each with values of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.sets import update_each
from plainsail.kernel.tenancy import workspace

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def told(*names: str) -> list[EventRow]:
    rows = [EventRow(id=new_id(), name=name, at=AT) for name in names]
    EventRow.objects.bulk_create(rows)
    return rows


def test_each_row_gets_its_own_values_and_keeps_what_is_not_named(juniper):
    with workspace(juniper):
        rows = told("a", "b", "c")
        for number, row in enumerate(rows):
            row.contact_id = None if number else row.id
            row.at, row.payload, row.name = AT + timedelta(days=number), {"of": [number, "é"]}, "not written"
        assert update_each(rows, fields=["at", "payload", "contact_id"]) == 3
        found = list(EventRow.objects.order_by("at").values_list("name", "at", "payload", "contact_id"))
    assert found == [
        ("a", AT, {"of": [0, "é"]}, rows[0].id),
        ("b", AT + timedelta(days=1), {"of": [1, "é"]}, None),
        ("c", AT + timedelta(days=2), {"of": [2, "é"]}, None),
    ]


def test_nothing_to_write_is_no_statement(juniper, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert update_each([], fields=["at"]) == 0


def test_rows_of_another_business_are_not_written(juniper, acme):
    with workspace(acme):
        (row,) = told("theirs")
    row.at = AT + timedelta(days=1)
    with workspace(juniper):
        assert update_each([row], fields=["at"]) == 0
    with workspace(acme):
        assert EventRow.objects.get().at == AT
