"""Form posts: stored before thanked, and whatever is not plainly right goes to web unchanged."""

from __future__ import annotations

import hashlib
import re
from ipaddress import ip_address
from urllib.parse import urlencode
from uuid import UUID

import pytest

from plainsail.edge.tests.factories import FORM, FORM_ID, Answer, EdgeDatabase, Served
from plainsail.kernel.passers import is_passing

GOOD = {"_page": "/join", "email": "ada@example.com", "terms": "on", "company_url": ""}


@pytest.fixture(autouse=True)
def page_id(database: EdgeDatabase, workspace_id: UUID) -> UUID:
    return database.publish(workspace_id, "/join", forms={FORM_ID: FORM})


def post(edge: Served, site: str, values: object, *, form_id: str = FORM_ID, **headers: str) -> Answer:
    body = values if isinstance(values, bytes) else urlencode(values, doseq=True).encode()  # type: ignore[arg-type]
    given = {"Content-Type": "application/x-www-form-urlencoded"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return edge.ask("POST", f"/f/{form_id}", host=site, headers=given, body=body)


def test_a_good_post_is_stored_and_thanked(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, page_id: UUID
):
    given = GOOD | {
        "first_name": " Zoë \\ ",
        "message": "one\r\ntwo\ttab “quoted” \\N",
        "size": "m",
        "topics": ["oil", "soap", "oil"],
    }
    answer = post(edge, site, given, user_agent="Browser", referer=f"http://{site}/join", accept_language="de")
    (row,) = database.landed(workspace_id)
    assert (answer.status, answer.headers["location"]) == (303, "/thanks")
    assert (row["kind"], row["page_id"], row["path"], row["host"]) == ("form", page_id, "/join", site)
    assert (row["ip"], row["user_agent"], row["referrer"]) == (
        ip_address("127.0.0.1"),
        "Browser",
        f"http://{site}/join",
    )
    assert row["visitor_id"].hex in answer.cookies[0]
    assert is_passing(UUID(row["payload"].pop("seen_as")))
    assert row["payload"] == {
        "form_id": FORM_ID,
        "version": 3,
        "language": "de",
        "values": {
            "email": "ada@example.com",
            "first_name": "Zoë \\",
            "message": "one\ntwo\ttab “quoted” \\N",
            "terms": True,
            "size": "m",
            "topics": ["oil", "soap"],
        },
    }


def test_who_sends_a_form_gets_a_cookie_and_is_joined_with_the_visits_of_today(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    edge.get("/join", host=site, user_agent="Browser")
    answer = post(edge, site, GOOD, user_agent="Browser")
    visit, sent = sorted(database.landed(workspace_id, expected=2), key=lambda row: row["kind"], reverse=True)
    assert re.fullmatch(r"ps_v=[0-9a-f]{32}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", answer.cookies[0])
    assert UUID(sent["payload"]["seen_as"]) == visit["visitor_id"] != sent["visitor_id"]


@pytest.mark.parametrize("header", [{"dnt": "1"}, {"sec_gpc": "1"}])
def test_who_asks_not_to_be_followed_gets_no_cookie_for_a_form_either(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, header: dict[str, str]
):
    answer = post(edge, site, GOOD, **header)
    (row,) = database.landed(workspace_id)
    assert (answer.status, answer.cookies, row["visitor_id"]) == (303, [], None)
    assert "seen_as" not in row["payload"]


def test_a_known_visitor_keeps_the_cookie(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    number = "1" * 32
    assert post(edge, site, GOOD, cookie=f"ps_v={number}").cookies == []
    (row,) = database.landed(workspace_id)
    assert row["visitor_id"] == UUID(number)


def test_a_post_without_the_page_is_found_by_where_it_came_from(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    values = {name: value for name, value in GOOD.items() if name != "_page"}
    assert post(edge, site, values, referer=f"https://{site}/join?x=1").status == 303
    assert post(edge, site, values, referer="https://other.example/join").status == 200
    assert len(database.landed(workspace_id)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"email": ""},
        {"email": "not an address"},
        {"email": "a@b"},
        {"email": "a@@example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"email": ["a@example.com", "b@example.com"]},
        {"terms": ""},
        {"first_name": "x" * 21},
        {"first_name": "two\nlines"},
        {"message": "x" * 201},
        {"size": "xl"},
        {"topics": ["soap", "other"]},
        {"unknown": "field"},
        {"company_url": "https://spam.example"},
        {"_page": "/elsewhere"},
        {"_page": "../../etc/passwd"},
        {"_page": ""},
    ],
)
def test_what_the_edge_cant_accept_reaches_web_unchanged(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, change: dict[str, object]
):
    body = urlencode(GOOD | change, doseq=True).encode()
    answer = post(edge, site, body)
    said = answer.json
    assert (said["path"], said["sha"]) == (f"/f/{FORM_ID}", hashlib.sha256(body).hexdigest())
    assert said["type"] == "application/x-www-form-urlencoded"
    assert database.landed(workspace_id) == []


def test_a_form_that_is_not_on_the_page_is_webs_to_judge(edge: Served, site: str):
    assert post(edge, site, GOOD, form_id="0199aaaa-0000-7000-8000-00000000ffff").json["method"] == "POST"


def test_a_multipart_post_is_webs_to_judge(edge: Served, site: str):
    assert post(edge, site, b"--x--", content_type="multipart/form-data; boundary=x").json["size"] == 5


@pytest.mark.parametrize("body", [b"email=%ff%fe", b"email=%00", b"a=1&" * 300, "email=größe".encode(), b"\xff\xfe"])
def test_a_body_that_is_no_form_gets_a_page_that_says_so(edge: Served, site: str, body: bytes):
    answer = post(edge, site, body)
    assert (answer.status, "can’t be read" in answer.text) == (400, True)


def test_a_huge_body_is_refused(edge: Served, site: str):
    answer = post(edge, site, b"email=" + b"x" * 70_000)
    assert (answer.status, "64 KB" in answer.text) == (413, True)


@pytest.mark.parametrize(
    ("thank_you", "location"),
    [
        ("/danke schön?x=1#top", "/danke%20sch%C3%B6n?x=1#top"),
        ("https://shop.example/next", "https://shop.example/next"),
        ("/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"),
    ],
)
def test_thanks_are_given_where_the_form_says(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, thank_you: str, location: str
):
    database.publish(workspace_id, "/other", forms={FORM_ID: FORM | {"thank_you": thank_you}})
    answer = post(edge, site, GOOD | {"_page": "/other"})
    assert (answer.status, answer.headers["location"]) == (303, location)


@pytest.mark.parametrize(
    "thank_you", ["//evil.example", "/\\evil.example", "javascript:alert(1)", "", "http://x.example"]
)
def test_a_form_that_would_thank_elsewhere_is_webs_to_judge(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, thank_you: str
):
    database.publish(workspace_id, "/other", forms={FORM_ID: FORM | {"thank_you": thank_you}})
    assert post(edge, site, GOOD | {"_page": "/other"}).json["method"] == "POST"


@pytest.mark.parametrize(
    "specification",
    [
        {},
        None,
        [],
        {"version": "x"},
        FORM | {"fields": [{"name": "email", "kind": "signature"}]},
        FORM | {"fields": [1]},
    ],
)
def test_a_specification_it_does_not_understand_is_webs_to_judge(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID, specification: object
):
    database.publish(workspace_id, "/other", forms={FORM_ID: specification})
    assert post(edge, site, GOOD | {"_page": "/other"}).json["method"] == "POST"


def test_republishing_changes_what_a_form_accepts(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    from plainsail.edge.tests.test_published import eventually

    assert post(edge, site, GOOD).status == 303
    stricter = FORM | {"fields": [*FORM["fields"], {"name": "code", "kind": "text", "required": True}]}
    database.publish(workspace_id, "/join", forms={FORM_ID: stricter})
    eventually(lambda: post(edge, site, GOOD).status == 200)


def test_two_posts_are_two_rows(edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID):
    assert [post(edge, site, GOOD).status for _ in range(2)] == [303, 303]
    assert len(database.landed(workspace_id)) == 2
