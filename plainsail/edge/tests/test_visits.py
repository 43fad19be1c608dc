"""Each view of a page leaves a row, and says no more about the visitor than it may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

import pytest

from plainsail.edge import visitors
from plainsail.edge.tests.factories import EdgeDatabase, Served
from plainsail.kernel.passers import is_passing

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


def test_looking_gives_nobody_a_cookie_and_any_cache_may_keep_the_page(edge: Served, site: str, page_id: UUID):
    answer = edge.get("/offer", host=site)
    assert (answer.cookies, answer.headers["cache-control"]) == ([], "no-cache")


def test_visits_of_a_day_are_told_apart_by_address_and_browser(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    for agent in ("One", "One", "Another"):
        edge.get("/offer", host=site, user_agent=agent)
    first, again, other = [row["visitor_id"] for row in database.landed(workspace_id, expected=3)]
    assert first == again != other
    assert is_passing(first)


def test_at_another_site_the_number_is_another(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    elsewhere = f"other-{site}"
    database.add_host(elsewhere, workspace_id)
    for host in (site, elsewhere):
        edge.get("/offer", host=host, user_agent="One")
    first, second = database.landed(workspace_id, expected=2)
    assert first["visitor_id"] != second["visitor_id"]


def test_the_number_of_a_day_is_not_that_of_the_next_nor_of_another_start(monkeypatch):
    today = visitors._of_day(20000, "192.0.2.1", "One", "site")
    assert (
        visitors._of_day(20000, "192.0.2.1", "One", "site")
        == today
        != visitors._of_day(20001, "192.0.2.1", "One", "site")
    )
    monkeypatch.setattr(visitors, "_seed", b"another start")
    visitors._of_day.cache_clear()
    assert visitors._of_day(20000, "192.0.2.1", "One", "site") != today


def test_a_known_visitor_is_recorded_by_the_cookie(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    answer = edge.get("/offer", host=site, cookie=f"ps_v={VISITOR}")
    (row,) = database.landed(workspace_id, expected=1)
    assert (answer.cookies, row["visitor_id"]) == ([], UUID(VISITOR))


@pytest.mark.parametrize(
    "value", ["", "x", "G" * 32, VISITOR + "0", VISITOR[:-1], "' OR 1=1 --", VISITOR.upper(), "0" * 8 + VISITOR[8:]]
)
def test_a_made_up_cookie_is_not_read(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID, value: str
):
    edge.get("/offer", host=site, user_agent="One", cookie=f"ps_v={value}")
    edge.get("/offer", host=site, user_agent="One")
    first, second = database.landed(workspace_id, expected=2)
    assert first["visitor_id"] == second["visitor_id"]


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
