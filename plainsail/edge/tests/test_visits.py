"""Each view of a page leaves a row, and says no more about the visitor than it may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

import pytest

from plainsail.edge.tests.factories import EdgeDatabase, Served

VISITOR = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def page_id(database: EdgeDatabase, workspace_id: UUID) -> UUID:
    return database.publish(workspace_id, "/offer")


def test_a_visit_is_recorded_with_where_it_came_from(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    edge.get(
        "/offer?utm_source=news%20letter&utm_medium=e%C3%A4mail&color=red&gclid=" + "x" * 300,
        host=f"{site}:8000",
        referer="https://blog.example/post?x=1",
        user_agent="Mozilla/5.0 \\ \t tab",
        accept_language="de-AT,de;q=0.9",
        cookie=f"a=b; ps_v={VISITOR}; c=d",
    )
    (row,) = database.landed(workspace_id, expected=1)
    assert abs(row.pop("at") - datetime.now(UTC)) < timedelta(seconds=10)
    assert row.pop("id").version == 7
    assert row == {
        "workspace_id": workspace_id,
        "kind": "visit",
        "visitor_id": UUID(VISITOR),
        "contact_id": None,
        "delivery_id": None,
        "page_id": page_id,
        "host": site,
        "path": "/offer",
        "url": "",
        "referrer": "https://blog.example/post?x=1",
        "ip": ip_address("127.0.0.0"),
        "user_agent": "Mozilla/5.0 \\  tab",
        "payload": {
            "language": "de-AT",
            "utm_source": "news letter",
            "utm_medium": "eämail",
            "gclid": "x" * 200,
        },
    }


def test_a_new_visitor_gets_a_first_party_cookie_that_no_cache_keeps(edge: Served, site: str, page_id: UUID):
    answer = edge.get("/offer", host=site)
    (cookie,) = answer.cookies
    assert re.fullmatch(r"ps_v=[0-9a-f]{32}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", cookie)
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_known_visitor_gets_no_second_cookie(edge: Served, site: str, page_id: UUID):
    answer = edge.get("/offer", host=site, cookie=f"ps_v={VISITOR}")
    assert (answer.cookies, answer.headers["cache-control"]) == ([], "no-cache")


@pytest.mark.parametrize("value", ["", "x", "G" * 32, VISITOR + "0", VISITOR[:-1], "' OR 1=1 --", VISITOR.upper()])
def test_a_made_up_cookie_is_replaced(edge: Served, site: str, page_id: UUID, value: str):
    assert len(edge.get("/offer", host=site, cookie=f"ps_v={value}").cookies) == 1


@pytest.mark.parametrize("header", [{"dnt": "1"}, {"sec_gpc": "1"}])
def test_who_asks_not_to_be_followed_is_not(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID, header: dict[str, str]
):
    answer = edge.get("/offer", host=site, cookie=f"ps_v={VISITOR}", **header)
    (row,) = database.landed(workspace_id, expected=1)
    assert (answer.cookies, row["visitor_id"], row["page_id"]) == ([], None, page_id)


def test_an_unchanged_page_is_a_visit_too(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    etag = edge.get("/offer", host=site).headers["etag"]
    assert edge.get("/offer", host=site, if_none_match=etag).status == 304
    assert len(database.landed(workspace_id, expected=2)) == 2


def test_head_is_no_visit(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID):
    edge.ask("HEAD", "/offer", host=site)
    edge.get("/offer", host=site)
    assert len(database.landed(workspace_id, expected=1)) == 1


def test_fetching_ahead_is_marked(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID):
    edge.get("/offer", host=site, sec_purpose="prefetch;prerender")
    (row,) = database.landed(workspace_id, expected=1)
    assert row["payload"] == {"purpose": "prefetch;prerender"}


@pytest.mark.parametrize(
    "query", ["utm_source=%00nul", "utm_source=%ff%fe", "&&&=&=", "utm_source", "a=1&" * 200, "utm_source=\\N\\t%0a%09"]
)
def test_hostile_queries_harm_nothing(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID, query: str
):
    assert edge.get(f"/offer?{query}", host=site).status == 200
    assert len(database.landed(workspace_id, expected=1)) == 1


def test_a_visit_is_announced_to_the_workers(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    import psycopg

    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("LISTEN plainsail_landing")
        edge.get("/offer", host=site)
        heard = list(connection.notifies(timeout=3, stop_after=1))
    assert [(notification.channel, notification.payload) for notification in heard] == [("plainsail_landing", "")]
