"""Which host leads where, and what is said at one that leads nowhere."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from plainsail.edge.tests.factories import EdgeDatabase, Served
from plainsail.edge.tests.test_published import eventually


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:80", "[::1]:8000", "localhost."]
)
def test_the_applications_own_hosts_go_to_web(edge: Served, host: str):
    assert edge.get("/w/juniper/", host=host).json["headers"]["host"] == host


@pytest.mark.parametrize("host", ["unknown.example", "x.localhost", "10.0.0.1", "a" * 200 + ".example", "_x.example"])
def test_an_unknown_host_gets_a_page_that_says_so(edge: Served, host: str):
    answer = edge.get("/", host=host)
    assert (answer.status, "No site lives at this address" in answer.text) == (421, True)


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a/../b", "user@host", "a:b", "ho\x01st", "-", "[::1", "[zz]", "a" * 300, "é.example", "a..:1:2"],
)
def test_a_malformed_host_is_a_bad_request(edge: Served, host: str):
    text = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert edge.say(text).startswith(b"HTTP/1.1 400")


def test_a_request_without_host_is_a_bad_request(edge: Served):
    assert edge.say(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 400")


def test_a_host_with_port_capitals_and_dot_is_the_same(
    edge: Served, database: EdgeDatabase, site: str, workspace_id: UUID
):
    database.publish(workspace_id, "/", "<p>here")
    for host in (site.upper(), f"{site}:8000", f"{site}."):
        assert edge.get("/", host=host).text == "<p>here"


def test_a_host_not_yet_verified_is_unknown(edge: Served, database: EdgeDatabase, workspace_id: UUID):
    host = f"{uuid4().hex}.example"
    database.add_host(host, workspace_id, kind="custom", is_live=False)
    assert edge.get("/", host=host).status == 421


def test_a_new_host_is_known_at_once_and_a_closed_one_forgotten(
    edge: Served, database: EdgeDatabase, workspace_id: UUID
):
    host = f"{uuid4().hex}.example"
    database.publish(workspace_id, "/", "<p>mine")
    assert edge.get("/", host=host).status == 421
    database.add_host(host, workspace_id, kind="custom")
    eventually(lambda: edge.get("/", host=host).body == b"<p>mine")
    database.run(
        "WITH gone AS (DELETE FROM accounts_host WHERE host = %s) SELECT pg_notify('plainsail_hosts', '')", [host]
    )
    eventually(lambda: edge.get("/", host=host).status == 421)


def test_where_a_business_closed_nothing_but_receipts_is_shown_until_it_opens_again(
    edge: Served, database: EdgeDatabase, workspace_id: UUID
):
    host = f"{uuid4().hex}.example"
    change = (
        "WITH made AS (UPDATE accounts_host SET is_closed = %s WHERE host = %s) SELECT pg_notify('plainsail_hosts', %s)"
    )
    database.publish(workspace_id, "/", "<p>mine")
    database.add_host(host, workspace_id, kind="custom")
    eventually(lambda: edge.get("/", host=host).body == b"<p>mine")
    database.run(change, [True, host, host])
    eventually(lambda: edge.get("/", host=host).status == 410)
    said = edge.get("/anything", host=host)
    assert (said.status, "This site is closed" in said.text, "<p>mine" in said.text) == (410, True, False)
    assert edge.ask("POST", "/f/x/", host=host, body=b"a=b").status == 410
    assert edge.get("/receipt/abc/", host=host).json["path"] == "/receipt/abc/"
    database.run(change, [False, host, host])
    eventually(lambda: edge.get("/", host=host).body == b"<p>mine")


def test_a_host_of_the_application_in_the_table_goes_to_web(edge: Served, database: EdgeDatabase):
    host = f"{uuid4().hex}.example"
    database.add_host(host, None, kind="app")
    assert edge.get("/", host=host).json["path"] == "/"


def test_programs_get_a_problem_document(edge: Served):
    answer = edge.get("/", host="unknown.example", accept="application/json")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json["status"], answer.json["request_id"]) == (421, answer.headers["x-request-id"])


def test_the_page_has_its_style_even_where_no_site_is(edge: Served):
    answer = edge.get("/static/edge/notice.css", host="unknown.example")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_what_a_host_header_says_is_not_echoed(edge: Served):
    assert b"evil" not in edge.say(b"GET / HTTP/1.1\r\nHost: <script>evil</script>\r\nConnection: close\r\n\r\n")


def test_a_proxy_that_fetches_certificates_is_told_which_hosts_live_here(edge: Served, site: str):
    def known(query: str) -> tuple[int, object]:
        answer = edge.get(f"/knownz{query}", host="127.0.0.1")
        return answer.status, answer.json

    assert known(f"?domain={site}") == (200, {"known": True})
    assert known("?domain=localhost") == (200, {"known": True})
    for query in ("?domain=unknown.example", "?domain=", "", "?domain=a%20b", f"?domain=..%2F{site}", "?%00=&&;"):
        assert known(query) == (404, {"known": False})


def test_a_name_beside_the_first_leads_to_the_same_page_there(edge: Served, database: EdgeDatabase, workspace_id: UUID):
    first, other = f"{uuid4().hex}.example", f"{uuid4().hex}.example"
    database.publish(workspace_id, "/a", "<p>mine")
    database.add_host(first, workspace_id, kind="custom")
    database.add_host(other, workspace_id, kind="custom", leads_to=first)

    for host, port in ((other, ""), (f"{other}:8000", ":8000")):
        answer = edge.get("/a?x=1&y=%20", host=host)
        assert (answer.status, answer.headers["location"]) == (301, f"http://{first}{port}/a?x=1&y=%20")
    assert edge.get("/a", host=first).body == b"<p>mine"
    assert edge.get("/knownz?domain=" + other, host="127.0.0.1").status == 200
