"""A page that is being tested: one snapshot a variant, the same one each time, by cookie or without any."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode
from uuid import UUID

import pytest

from plainsail.edge import splits
from plainsail.edge.splits import Split
from plainsail.edge.tests.factories import FORM, FORM_ID, EdgeDatabase, Served

SPLIT = {"test": "7e57", "variants": [["A", 50, ""], ["B", 50, "~b"]]}
WHO = {"user-agent": "Browser one"}


@pytest.fixture
def tested(database: EdgeDatabase, workspace_id: UUID) -> dict[str, UUID]:
    a = database.publish(workspace_id, "/offer", "<h1>A</h1>", split=SPLIT)
    b = database.publish(workspace_id, "~b", "<h1>B</h1>", split={"shown_at": "/offer"})
    return {"A": a, "B": b}


def variant_of(body: bytes) -> str:
    return "A" if b"<h1>A</h1>" in body else "B"


def test_shares_are_kept_and_a_person_stays_with_one():
    split = Split("7e57", ((70, ""), (20, "~b"), (10, "~c")))

    found = Counter(splits.place_of(split, f"visitor {number}") for number in range(5000))

    assert [round(found[place] / 50) for place in range(3)] == pytest.approx([70, 20, 10], abs=2.5)
    assert {splits.place_of(split, "visitor 1") for _ in range(10)} == {splits.place_of(split, "visitor 1")}
    other = Split("0ther", split.variants)
    assert any(splits.place_of(split, f"{n}") != splits.place_of(other, f"{n}") for n in range(20))


def test_both_variants_are_shown_and_each_browser_sees_one(edge: Served, site: str, tested):
    seen = {}
    for number in range(30):
        headers = {"user-agent": f"Browser {number}", "dnt": "1"}
        looks = [variant_of(edge.get("/offer", host=site, **headers).body) for _ in range(3)]
        assert len(set(looks)) == 1
        seen[number] = looks[0]
    assert set(seen.values()) == {"A", "B"}


def test_who_sends_a_form_goes_on_seeing_the_same_variant(edge: Served, database, site: str, workspace_id, tested):
    database.publish(workspace_id, "/offer", "<h1>A</h1>", split=SPLIT, forms={FORM_ID: FORM})
    database.publish(workspace_id, "~b", "<h1>B</h1>", split={"shown_at": "/offer"}, forms={FORM_ID: FORM})
    for number in range(12):
        headers = {"user-agent": f"Browser {number}"}
        first = edge.get("/offer", host=site, **headers)
        assert "set-cookie" not in first.headers
        sent = {"email": "ada@example.com", "terms": "on", "_page": "/offer"}
        sent |= {"_variant": "~b"} if variant_of(first.body) == "B" else {}
        thanks = edge.ask(
            "POST",
            f"/f/{FORM_ID}",
            host=site,
            body=urlencode(sent).encode(),
            headers={"content-type": "application/x-www-form-urlencoded", **headers},
        )
        cookie = thanks.headers["set-cookie"].split(";")[0]
        again = edge.get("/offer", host=site, **{"user-agent": "Another browser", "cookie": cookie})
        assert variant_of(first.body) == variant_of(again.body)
        assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"


def test_each_variant_is_answered_with_304_to_who_has_it(edge: Served, site: str, tested):
    tags = set()
    for number in range(12):
        headers = {"user-agent": f"Browser {number}", "dnt": "1"}
        first = edge.get("/offer", host=site, **headers)
        same = edge.get("/offer", host=site, **headers, **{"if-none-match": first.headers["etag"]})
        assert (same.status, same.body) == (304, b"")
        tags.add(first.headers["etag"])
    assert len(tags) == 2


def test_a_variant_stands_at_no_address_of_its_own(edge: Served, site: str, tested):
    for path in ("/~b", "~b", "/offer~b", "/%7Eb"):
        assert b"<h1>B</h1>" not in edge.get(path, host=site).body


def test_visits_name_the_variant_and_the_address(edge: Served, site: str, database, workspace_id, tested):
    for number in range(12):
        edge.get("/offer", host=site, **{"user-agent": f"Browser {number}", "dnt": "1"})

    rows = database.landed(workspace_id, expected=12)
    assert {row["path"] for row in rows} == {"/offer"}
    assert {row["page_id"] for row in rows} == set(tested.values())


def test_when_a_test_ends_everybody_sees_the_page(edge: Served, site: str, database, workspace_id, tested):
    edge.get("/offer", host=site)
    database.publish(workspace_id, "/offer", "<h1>A</h1>", split={})

    def shown():
        return {variant_of(edge.get("/offer", host=site, **{"user-agent": f"{n}", "dnt": "1"}).body) for n in range(12)}

    for _attempt in range(50):
        if shown() == {"A"}:
            break
    assert shown() == {"A"}
