"""Published pages: the right bytes, encodings, caching and forgetting."""

from __future__ import annotations

import gzip
import time
from uuid import UUID, uuid4

import brotli
import pytest

from plainsail.edge.tests.factories import PAGE, EdgeDatabase, Served


def eventually(check: object, within: float = 3.0) -> None:
    assert callable(check)
    until = time.monotonic() + within
    while not check():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def test_a_published_page_is_served_as_it_is(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/")
    answer = edge.get("/", host=site)
    assert (answer.status, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["vary"] == "accept-encoding"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert len(answer.headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
        (",;;q=,=;q=x", None),
    ],
)
def test_the_encoding_is_one_the_browser_takes(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, accepted: str, sent: str | None
):
    database.publish(workspace_id, "/")
    answer = edge.get("/", host=site, accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == sent
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[sent](answer.body)
    assert unpacked.decode() == PAGE


def test_a_page_without_compressed_variants_is_served_plain(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    database.publish(workspace_id, "/", encodings=())
    answer = edge.get("/", host=site, accept_encoding="br")
    assert (answer.text, answer.headers.get("content-encoding")) == (PAGE, None)


def test_head_tells_the_length_and_sends_nothing(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/")
    answer = edge.ask("HEAD", "/", host=site)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(len(PAGE.encode())), b"")


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*", '"a","b" , W/{}'])
def test_an_unchanged_page_is_answered_with_304(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, shape: str
):
    database.publish(workspace_id, "/")
    etag = edge.get("/", host=site).headers["etag"]
    answer = edge.get("/", host=site, if_none_match=shape.format(etag.removeprefix("W/")))
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("given", ['"something-else"', "", "garbage", 'W/"'])
def test_a_changed_page_is_sent_anew(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, given: str):
    database.publish(workspace_id, "/")
    assert edge.get("/", host=site, if_none_match=given).status == 200


def test_republishing_replaces_the_page_at_once(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/offer", "<p>old")
    assert edge.get("/offer", host=site).text == "<p>old"
    database.publish(workspace_id, "/offer", "<p>new")
    eventually(lambda: edge.get("/offer", host=site).text == "<p>new")


def test_unpublishing_takes_the_page_away(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/offer", "<p>old")
    assert edge.get("/offer", host=site).text == "<p>old"
    database.unpublish(workspace_id, "/offer")
    eventually(lambda: edge.get("/offer", host=site).text != "<p>old")
    assert edge.get("/offer", host=site).json["path"] == "/offer"


def test_a_page_that_was_looked_for_in_vain_appears_once_published(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    assert edge.get("/later", host=site).json["path"] == "/later"
    database.publish(workspace_id, "/later", "<p>here")
    eventually(lambda: edge.get("/later", host=site).body == b"<p>here")


def test_a_cached_page_stays_without_notification(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/kept", "<p>old", notify=False)
    assert edge.get("/kept", host=site).text == "<p>old"
    database.publish(workspace_id, "/kept", "<p>new", notify=False)
    assert edge.get("/kept", host=site).text == "<p>old"


def test_a_notification_for_a_whole_workspace_drops_all_its_pages(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    database.publish(workspace_id, "/one", "<p>1")
    assert edge.get("/one", host=site).text == "<p>1"
    database.publish(workspace_id, "/one", "<p>2", notify=False)
    database.run("SELECT pg_notify('plainsail_published', %s)", [f"{workspace_id}:"])
    eventually(lambda: edge.get("/one", host=site).text == "<p>2")


def test_another_workspaces_page_is_not_served(edge: Served, database: EdgeDatabase, site: str):
    database.publish(uuid4(), "/secret", "<p>not yours")
    assert edge.get("/secret", host=site).json["path"] == "/secret"


def test_a_trailing_slash_leads_to_the_page_and_keeps_the_campaign(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    database.publish(workspace_id, "/größe")
    answer = edge.get("/gr%C3%B6%C3%9Fe/?utm_source=mail", host=site)
    assert (answer.status, answer.headers["location"]) == (301, "/gr%C3%B6%C3%9Fe?utm_source=mail")


def test_a_slash_never_leads_to_another_host(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/evil.example")
    answer = edge.get("//evil.example/", host=site)
    assert (answer.status, answer.json["path"]) == (200, "//evil.example/")


def test_a_pages_own_headers_are_limited_to_a_few(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(
        workspace_id,
        "/",
        headers={
            "Content-Security-Policy": "default-src 'none'",
            "X-Robots-Tag": "noindex",
            "Set-Cookie": "a=b",
            "Link": "x\r\nSet-Cookie: c=d",
        },
    )
    answer = edge.get("/", host=site, dnt="1")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert (answer.cookies, "link" in answer.headers) == ([], False)


def test_posting_to_a_page_is_webs_business(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    database.publish(workspace_id, "/")
    assert edge.ask("POST", "/", host=site, body=b"a=1").json["method"] == "POST"


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/./b", "/x" * 600, "/%F0%9F%8C%BF"]
)
def test_odd_paths_reach_web_as_they_came(edge: Served, site: str, path: str):
    assert edge.get(path, host=site).status == 200


@pytest.mark.parametrize("path", ["/%ff%fe", "/%00", "/a%0d%0aSet-Cookie:x=1", "/%7f"])
def test_unreadable_paths_get_a_page_that_says_so(edge: Served, site: str, path: str):
    answer = edge.get(path, host=site)
    assert (answer.status, "can’t be read" in answer.text) == (400, True)
