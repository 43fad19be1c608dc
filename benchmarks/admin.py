"""What staff look at every day in a business with a million contacts and ten million events: how long the server takes.

Each page is asked for through the whole of Django (session, middleware, transaction, templates) and every one counts its
queries: the numbers are fixed, whatever the size. The value is the slowest page's 95th percentile.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.harness import QUICK, Result, seeded

CONTACTS = int(os.environ.get("CONTACTS", "20000" if QUICK else "1000000"))
EVENTS = CONTACTS * 10
TIMES = 10 if QUICK else 20
DEEP = 200
"""The page far down the list that is asked for."""


def admin_pages() -> Result:
    """p95 of each page's server time; the slowest is what counts."""
    with seeded(contacts=CONTACTS, events=EVENTS) as here:
        os.environ.update(here.environment)
        from django.db import connection

        import plainsail.wsgi  # as a web process begins: it sets Django up and loads every view  # noqa: F401
        from plainsail.kernel.models import Workspace

        business = Workspace.objects.get(slug="measured")
        browser = _signed_in(business)
        rounds = [_page(browser, name, address) for name, address in _addresses(business).items()]
        connection.close()
    for one in rounds:
        print(f"   {one}", flush=True)
    slowest = max(rounds, key=lambda one: one["p95_ms"])
    return Result(
        value=slowest["p95_ms"],
        unit="ms",
        goal="p95 < 150 ms, fixed query counts",
        what=f"server time of the slowest of {len(rounds)} pages ({slowest['page']}), p95 of {TIMES}, at {CONTACTS:,} contacts "
        f"and {EVENTS:,} events",
        rounds=rounds,
    )


def _signed_in(business: Any) -> Any:
    from django.core.management import call_command
    from django.test import Client

    from plainsail.accounts.models import Membership, Role, User

    call_command("collectstatic", interactive=False, verbosity=0)
    owner, _made = User.objects.get_or_create(email="owner@measured.example", defaults={"name": "Owner"})
    Membership.objects.get_or_create(user=owner, workspace=business, defaults={"role": Role.OWNER})
    browser = Client(headers={"host": "localhost"})
    browser.force_login(owner)
    return browser


def _addresses(business: Any) -> dict[str, str]:
    """Pages by name. What they need of the business is read once, before the clock runs."""
    from plainsail.contacts.models import Segment
    from plainsail.contacts.services import segments
    from plainsail.kernel import clock
    from plainsail.kernel.tenancy import workspace

    at = clock.now()
    with workspace(business):
        tag, topic = business.tags.order_by("name").first(), business.lists.get()
        tree = {"all": [{"field": "tag", "op": "is", "value": str(tag.id)}]}
        for number in range(Segment.objects.count(), 20):
            segments.save(business, name=f"Segment {number}", tree=tree, at=at)
        segment = Segment.objects.order_by("name").first()
        newest = business.contacts.order_by("-created_at", "-id")
        deep = newest[DEEP * 50]
        busy = business.engagements.order_by("-clicked_at").exclude(clicked_at=None).first()
        person = business.contacts.get(id=busy.contact_id if busy else newest[0].id)
        email, last_name = person.email, person.last_name
    base = "/w/measured"
    people = f"{base}/contacts/"
    return {
        "contacts, first page": people,
        f"contacts, page {DEEP}": f"{people}?after={deep.created_at.isoformat().replace('+', '%2B')}_{deep.id}",
        "contacts of a list": f"{people}?list_id={topic.id}",
        "contacts with a tag": f"{people}?tag_id={tag.id}",
        "contacts of a segment": f"{people}?segment_id={segment.id}",
        "search by part of a name": f"{people}?text={last_name[1:5]}",
        "search by part of an address": f"{people}?text={email[2:12]}",
        "search by nothing known": f"{people}?text=qxzvwk",
        "search by two letters": f"{people}?text={last_name[:2]}",
        "search of everything": f"{base}/search/?q={last_name[1:5]}",
        "one contact": f"{people}{person.id}/",
        "timeline, filtered": f"{people}{person.id}/?group=visits",
        "segments": f"{people}segments/",
        "tags": f"{people}tags/",
        "own fields": f"{people}fields/",
        "lists": f"{people}lists/",
        "imports": f"{people}imports/",
        "home": f"{base}/",
    }


def _page(browser: Any, name: str, address: str) -> dict[str, Any]:
    """Times of a page in ms, and how many queries it takes."""
    from django.db import connection

    counted = 0

    def count(execute: Callable[..., Any], *given: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*given)

    with connection.execute_wrapper(count):
        answer = browser.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.headers.get('location', '')}")
    times = []
    for _time in range(TIMES):
        began = time.perf_counter()
        browser.get(address)
        times.append((time.perf_counter() - began) * 1000)
    return {
        "page": name,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "queries": counted,
        "load": round(os.getloadavg()[0], 2),
    }
