"""Segments beside the same questions asked in Python: who answers three conditions, as a number and as a first page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from benchmarks.harness import QUICK, ROUNDS, Result, interleaved, median, median_ratio, seeded

CONTACTS = int(os.environ.get("CONTACTS", "20000" if QUICK else "1000000"))
EVENTS = CONTACTS * 10
DAYS = 30


def segment() -> Result:
    """Subscribed, tagged, and followed a link in the last month: counted, and its first page of contacts read."""
    with seeded(contacts=CONTACTS, events=EVENTS) as here:
        os.environ.update(here.environment)
        import django

        django.setup()
        from django.db import connection

        from plainsail.kernel import clock
        from plainsail.kernel.models import Workspace

        business = Workspace.objects.get(slug="measured")
        at = clock.now()
        expected = _by_query(business, at=at)[0]
        assert expected == _in_python(business, at=at)[0] > 0, "both must find the same people"
        rounds = interleaved(
            {
                "query_ms": lambda: _milliseconds(lambda: _by_query(business, at=at)),
                "python_ms": lambda: _milliseconds(lambda: _in_python(business, at=at)),
            },
            rounds=3 if CONTACTS > 500_000 else ROUNDS,
        )
        connection.close()
    return Result(
        value=median(rounds, "query_ms"),
        unit="ms",
        baseline=median(rounds, "python_ms"),
        ratio=median_ratio(rounds, "python_ms", "query_ms"),
        goal="< 50 ms and ≥ 10x a Python filter over the same rows",
        what=f"three conditions over {CONTACTS:,} contacts with {EVENTS:,} events: {expected:,} found, and the first page",
        rounds=rounds,
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round((time.perf_counter() - started) * 1000, 2)


def _tree(business: Any) -> Mapping[str, Any]:
    topic, tag = business.lists.get(), business.tags.order_by("name").first()
    return {
        "all": [
            {"field": "list", "op": "is", "value": str(topic.id)},
            {"field": "tag", "op": "is", "value": str(tag.id)},
            {"field": "mail_clicked", "op": "within", "value": DAYS},
        ]
    }


def _by_query(business: Any, *, at: Any) -> tuple[int, list[Any]]:
    from plainsail.contacts import queries
    from plainsail.contacts.models import Segment
    from plainsail.kernel.tenancy import workspace

    with workspace(business):
        asked = Segment(tree=_tree(business))
        number = queries.in_segment(business, asked, at=at).count()
        page = queries.browse(business, among=queries.condition_of(asked.tree, at=at))
        return number, page.rows


def _in_python(business: Any, *, at: Any) -> tuple[int, list[Any]]:
    """Every contact with what the three conditions ask of it, read and looked at one by one."""
    from plainsail.contacts.models import ContactTag, Engagement, ListMember
    from plainsail.contacts.queries import PAGE
    from plainsail.kernel.tenancy import workspace

    with workspace(business):
        on_list, tagged, clicked = (leaf["value"] for leaf in _tree(business)["all"])
        lists = {(str(one), who) for one, who, state in _rows(ListMember, "list_id", "state") if state == "subscribed"}
        tags = {(str(one), who) for one, who in _rows(ContactTag, "tag_id")}
        last = {who: moment for moment, who in _rows(Engagement, "clicked_at")}
        since = at - timedelta(days=clicked)
        found = [
            (created_at, key)
            for key, created_at, deleted_at in business.contacts.values_list("id", "created_at", "deleted_at")
            if deleted_at is None
            and (on_list, key) in lists
            and (tagged, key) in tags
            and (moment := last.get(key)) is not None
            and moment >= since
        ]
        page = sorted(found, reverse=True)[:PAGE]
        return len(found), list(business.contacts.filter(id__in=[key for _created_at, key in page]))


def _rows(model: Any, first: str, *more: str) -> Any:
    return model.objects.values_list(first, "contact_id", *more).iterator(chunk_size=20_000)
