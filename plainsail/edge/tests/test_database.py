"""The edge's reads: one workspace at a time, nothing without one, nothing by force of quotes."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from plainsail.edge.database import Database, DatabaseDown
from plainsail.edge.hosts import FIND_HOST
from plainsail.edge.snapshots import FIND_FORMS
from plainsail.edge.tests.factories import EdgeDatabase


def read(url: str, *reads: tuple[str, list[Any], UUID | None]) -> list[Any]:
    """Do some reads one after the other over one connection."""

    async def work() -> list[Any]:
        database = Database(url, patience=0.5, connections=1)
        await database.open()
        try:
            return [await database.read(query, params, workspace_id=workspace) for query, params, workspace in reads]
        finally:
            await database.close()

    return asyncio.run(work())


def test_a_read_sees_its_own_workspace_only(database: EdgeDatabase, workspace_id: UUID):
    other = uuid4()
    page_id, other_page_id = database.publish(workspace_id, "/"), database.publish(other, "/")
    everything = "SELECT page_id FROM pages_publishedsnapshot WHERE page_id = ANY(%s)"
    both = [[page_id, other_page_id]]
    found = read(database.edge_url, (everything, both, workspace_id), (everything, both, other))
    assert found == [[(page_id,)], [(other_page_id,)]]


def test_without_a_workspace_no_page_can_be_read_even_after_one(database: EdgeDatabase, workspace_id: UUID):
    database.publish(workspace_id, "/")
    inside = (FIND_FORMS, [workspace_id, "/"], workspace_id)
    with pytest.raises(DatabaseDown):
        read(database.edge_url, inside, (FIND_FORMS, [workspace_id, "/"], None))


@pytest.mark.parametrize(
    "nasty", ["'; DROP TABLE accounts_host; --", "\\'", "%s", "$1", "a' OR 'a'='a", "\\", "é\u2028😀"]
)
def test_values_stay_values(database: EdgeDatabase, workspace_id: UUID, nasty: str):
    page_id = database.publish(workspace_id, f"/{nasty}", forms={"x": nasty})
    found = read(database.edge_url, (FIND_FORMS, [workspace_id, f"/{nasty}"], workspace_id), (FIND_HOST, [nasty], None))
    assert found == [[(page_id, {"x": nasty}, {})], []]


def test_a_database_that_is_not_there_is_said_to_be_down(workspace_id: UUID):
    with pytest.raises(DatabaseDown):
        read("postgresql://nobody@/nowhere?host=/nonexistent", (FIND_HOST, ["a.example"], None))
