"""Watched segments brought up to date after some contacts changed, against comparing every one of them as a whole."""

from __future__ import annotations

import os
import time
from typing import Any

from benchmarks.harness import QUICK, Result, median, median_ratio, seeded

CONTACTS = int(os.environ.get("CONTACTS", "20000" if QUICK else "200000"))
EVENTS = CONTACTS * 10
SEGMENTS = 50 if QUICK else 200
CHANGED = 1000
WHOLE = 20
"""Segments that are really compared as a whole in a round; the baseline is that much times as many as there are."""
ROUNDS = 3 if QUICK else 5


def membership() -> Result:
    """One thousand contacts get another country and a tag; each segment reads the first, three in four both."""
    with seeded(contacts=CONTACTS, events=EVENTS) as here:
        os.environ.update(here.environment)
        import django

        django.setup()
        from django.db import connection

        from plainsail.contacts.services import membership as services
        from plainsail.contacts.sockets import SEGMENT_LISTENERS
        from plainsail.kernel import clock
        from plainsail.kernel.models import Workspace
        from plainsail.kernel.tenancy import workspace

        business = Workspace.objects.get(slug="measured")
        at = clock.now()
        with workspace(business):
            ids = _segments(business, at=at)
        SEGMENT_LISTENERS.register("measured", lambda: ids)
        with workspace(business):
            services.look(at=at)
        with workspace(business):
            services.look(at=at)
        rounds: list[dict[str, Any]] = []
        for number in range(ROUNDS + 1):
            with workspace(business):
                _change(business, number, at=at)
            began = time.perf_counter()
            with workspace(business):
                services.look(at=at)
            marked = time.perf_counter() - began
            whole = _as_a_whole(business, at=at)
            rounds.append(
                {
                    "marked_ms": round(marked * 1000, 1),
                    "whole_ms": round(whole * 1000, 1),
                    "load": round(os.getloadavg()[0], 2),
                }
            )
            print(f"   {rounds[-1]}", flush=True)
        connection.close()
    rounds = rounds[1:]
    return Result(
        value=median(rounds, "marked_ms"),
        unit="ms",
        baseline=median(rounds, "whole_ms"),
        ratio=median_ratio(rounds, "whole_ms", "marked_ms"),
        goal="≥ 10x comparing every segment as a whole",
        what=f"{CHANGED:,} changed contacts and {SEGMENTS} watched segments over {CONTACTS:,} contacts; the whole is that of "
        f"{WHOLE} segments times {SEGMENTS // WHOLE}",
        rounds=rounds,
    )


def _segments(business: Any, *, at: Any) -> set[Any]:
    """One in four of a country, the others of a country and a tag."""
    from plainsail.contacts.services import segments
    from plainsail.kernel.countries import countries

    codes = [code for code, _name in countries("en")]
    tags = list(business.tags.order_by("name"))
    known = {one.name: one.id for one in business.segments.all()}
    for number in range(SEGMENTS):
        name = f"Watched {number}"
        if name in known:
            continue
        country = {"field": "country", "op": "is", "value": codes[number % len(codes)]}
        tag = {"field": "tag", "op": "is", "value": str(tags[number % len(tags)].id)}
        tree = {"all": [country, tag]} if number % 4 else country
        known[name] = segments.save(business, name=name, tree=tree, at=at).id
    return {known[f"Watched {number}"] for number in range(SEGMENTS)}


def _change(business: Any, number: int, *, at: Any) -> None:
    from plainsail.contacts.events import ContactChanged
    from plainsail.contacts.services import tags
    from plainsail.kernel.events import publish_many

    place = CHANGED * number
    people = list(business.contacts.order_by("id")[place : place + CHANGED])
    country = ("DE", "FR", "NO", "SE")[number % 4]
    business.contacts.filter(id__in=[one.id for one in people]).update(country=country)
    publish_many([ContactChanged(contact_id=one.id, changed=["country"], at=at) for one in people])
    tags.add_to_many(people, business.tags.order_by("name")[number], at=at)


def _as_a_whole(business: Any, *, at: Any) -> float:
    from plainsail.contacts.services import membership as services
    from plainsail.kernel.tenancy import workspace

    seconds = 0.0
    with workspace(business):
        for segment in business.segments.select_related("workspace").exclude(watched_at=None).order_by("id")[:WHOLE]:
            began = time.perf_counter()
            services.compare(segment, at=at)
            seconds += time.perf_counter() - began
    return seconds * SEGMENTS / WHOLE
