"""Tracked links and open pixels: recorded, then led on; never anywhere else."""

from __future__ import annotations

from ipaddress import ip_address
from uuid import UUID, uuid4

import pytest

from plainsail.edge.links import PIXEL
from plainsail.edge.tests.factories import EdgeDatabase, Served
from plainsail.kernel import tokens

TARGET = "https://shop.example/größe?farbe=grün&x=1#top"


@pytest.fixture
def mail(workspace_id: UUID) -> dict[str, UUID]:
    return {"workspace_id": workspace_id, "delivery_id": uuid4(), "contact_id": uuid4()}


def test_a_click_is_recorded_and_led_on(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, mail: dict[str, UUID]
):
    answer = edge.get(
        f"/c/{tokens.click_token(url=TARGET, **mail)}", host=site, user_agent="Mail", accept_language="fr"
    )
    (row,) = database.landed(workspace_id)
    assert answer.status == 302
    assert answer.headers["location"] == "https://shop.example/gr%C3%B6%C3%9Fe?farbe=gr%C3%BCn&x=1#top"
    assert answer.headers["cache-control"] == "private, no-store"
    assert {name: row[name] for name in mail} == mail
    assert (row["kind"], row["url"], row["host"], row["ip"]) == ("click", TARGET, site, ip_address("127.0.0.0"))
    assert row["payload"] == {"method": "GET", "language": "fr"}
    assert row["visitor_id"].hex in answer.cookies[0]


def test_a_scanners_head_is_recorded_as_such(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, mail: dict[str, UUID]
):
    answer = edge.ask("HEAD", f"/c/{tokens.click_token(url=TARGET, **mail)}", host=site)
    (row,) = database.landed(workspace_id)
    assert (answer.status, row["payload"]) == (302, {"method": "HEAD"})


def test_an_open_is_recorded_and_answered_with_an_invisible_picture(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, mail: dict[str, UUID]
):
    answer = edge.get(f"/o/{tokens.open_token(**mail)}", host=site)
    (row,) = database.landed(workspace_id)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "image/gif", PIXEL)
    assert (answer.cookies, row["kind"], row["visitor_id"]) == ([], "open", None)
    assert {name: row[name] for name in mail} == mail


@pytest.mark.parametrize("host", ["localhost", "unknown.example", "127.0.0.1:8000"])
def test_links_work_on_any_host(
    edge: Served, database: EdgeDatabase, workspace_id: UUID, mail: dict[str, UUID], host: str
):
    assert edge.get(f"/c/{tokens.click_token(url=TARGET, **mail)}", host=host).status == 302
    assert len(database.landed(workspace_id)) == 1


@pytest.mark.parametrize("token", ["", "garbage", "A" * 120, "../../x", "%00", "A" * 9000, "%ff", "é".encode().hex()])
@pytest.mark.parametrize("kind", ["c", "o"])
def test_a_broken_token_gets_a_page_that_says_so(edge: Served, site: str, kind: str, token: str):
    answer = edge.get(f"/{kind}/{token}", host=site)
    assert (answer.status, "This link is broken" in answer.text) == (404, True)


def test_a_token_with_another_target_is_refused(edge: Served, site: str, mail: dict[str, UUID]):
    token = tokens.click_token(url="https://shop.example/", **mail)
    forged = tokens.click_token(url="https://evil.example/", **mail)
    assert edge.get(f"/c/{token[:40]}{forged[40:]}", host=site).status == 404


def test_an_open_token_is_no_click(edge: Served, site: str, mail: dict[str, UUID]):
    assert edge.get(f"/c/{tokens.open_token(**mail)}", host=site).status == 404


def test_posting_to_a_link_is_not_recorded(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, mail: dict[str, UUID]
):
    path = f"/c/{tokens.click_token(url=TARGET, **mail)}"
    assert edge.ask("POST", path, host=site, body=b"").json["method"] == "POST"
    assert database.landed(workspace_id) == []
