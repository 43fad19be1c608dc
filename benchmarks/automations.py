"""Automations: people taken on in sets against one after the other, a flood of events that lets people in, many listeners."""

from __future__ import annotations

import gc
import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from benchmarks.harness import QUICK, Installation, Result, median, median_ratio, seeded

CONTACTS = int(os.environ.get("CONTACTS", "10000" if QUICK else "100000"))
AUTOMATIONS = 10
"""Each with everybody waiting in it; in one of them they are due."""
LOOP = 200 if QUICK else 1000
"""People that the baseline takes on, one after the other."""
LISTENING = 1000
ROUNDS = 3 if QUICK else 5
STEPS = 3


def automations() -> Result:
    """Everybody who is due goes through a condition, a tag and into a wait, among ten times as many who wait."""
    with _business() as (here, business):
        from plainsail.automations.services import flows, lanes, running
        from plainsail.contacts.services import tags
        from plainsail.kernel import clock
        from plainsail.kernel.tenancy import workspace

        at = clock.now()
        with workspace(business):
            guest = tags.named(business, "Measured guest")
            # One in ten has it: they part, and meet again at the next step.
            asked = business.tags.exclude(id=guest.id).order_by("name")[0]
            due_steps = [
                flows.condition("contacts.has_tag", {"tag": str(asked.id)}),
                flows.action("contacts.add_tag", {"tag": str(guest.id)}),
                flows.wait(30),
            ]
            made = [
                _live(business, due_steps if not number else [flows.wait(900)], number, at=at)
                for number in range(AUTOMATIONS)
            ]
        for automation in made[1:]:
            _fill(here, automation, at + timedelta(days=90))
        rounds: list[dict[str, Any]] = []
        plan, before = "", _memory()
        for _number in range(ROUNDS + 1):
            _begin_again(here, made[0], guest, at)
            looped = _one_by_one(here, business, made[0], guest, at)
            _begin_again(here, made[0], guest, at)
            with workspace(business):
                plan = _plan(running.DUE, business, at)
            swept = _swept(here, business, at)
            _begin_again(here, made[0], guest, at)
            most, lanes.MOST = lanes.MOST, 1
            alone, lanes.MOST = _swept(here, business, at), most
            rounds.append(
                {
                    "steps_a_second": round(swept),
                    "one_lane_a_second": round(alone),
                    "loop_a_second": round(looped),
                    "memory_mb": round(_memory() - before, 1),
                    "load": round(os.getloadavg()[0], 2),
                }
            )
            print(f"   {rounds[-1]}", flush=True)
    rounds = rounds[1:]
    return Result(
        value=median(rounds, "steps_a_second"),
        unit="steps/s",
        baseline=median(rounds, "loop_a_second"),
        ratio=median_ratio(rounds, "steps_a_second", "loop_a_second"),
        goal="≥ 100x one transaction a step in plain psycopg, for the same three steps and what they write",
        what=f"{CONTACTS:,} due of {CONTACTS * AUTOMATIONS:,} waiting, through a condition, a tag and into a wait, with the tag’s "
        f"events, for which no automation waits; sets in parts side by side, as a worker takes them, one for each of "
        f"{os.cpu_count()} cores; with one connection alone {median_ratio(rounds, 'one_lane_a_second', 'loop_a_second')}x; what is "
        f"due is found by: {plan}; peak memory grew by {max(one['memory_mb'] for one in rounds)} MB",
        rounds=rounds,
    )


def _swept(here: Installation, business: Any, at: Any) -> float:
    """Steps a second of a sweep through everybody who is due."""
    from plainsail.automations.services import running
    from plainsail.kernel import due
    from plainsail.kernel.tenancy import workspace

    running.advance.function.__globals__["SLICE"] = timedelta(hours=1)
    began = time.perf_counter()
    following = running.advance.function(workspace_id=business.id, at=at)
    with workspace(business):
        # As the worker does; what the sweep wrote is on the disk when this is.
        due.schedule("automations.runs", following or at)
    seconds = time.perf_counter() - began
    taken = here.count("automations_steplog")
    assert taken == STEPS * CONTACTS, f"{taken} steps were taken"
    return STEPS * CONTACTS / seconds


def automation_entry() -> Result:
    """An event for everybody at once, such as an import tells it, lets them in; against hearing each alone."""
    with _business() as (here, business):
        from plainsail.automations.services import entering, flows
        from plainsail.contacts.events import ContactCreated
        from plainsail.kernel import clock, events
        from plainsail.kernel.tenancy import workspace

        at = clock.now()
        with workspace(business):
            _live(business, [flows.wait(900)], 0, at=at, trigger=("contacts.contact_created", {}))
            ids = list(business.contacts.filter(deleted_at=None).order_by("id").values_list("id", flat=True))
        rounds: list[dict[str, Any]] = []
        for _number in range(ROUNDS + 1):
            for table in ("automations_steplog", "automations_run", "kernel_pendingevent", "kernel_eventrow"):
                _empty(here, table)
            with workspace(business):
                told = [ContactCreated(source="measured", contact_id=one, at=at) for one in ids[:LOOP]]
            began = time.perf_counter()
            for event in told:
                with workspace(business):
                    entering.hear("contacts.contact_created", [event])
            looped = LOOP / (time.perf_counter() - began)
            for table in ("automations_run", "kernel_pendingevent", "kernel_eventrow"):
                _empty(here, table)
            with workspace(business):
                _tell_all(at)
            began = time.perf_counter()
            events.drain.function(workspace_id=business.id, subscriber="automations.contacts.contact_created")
            seconds = time.perf_counter() - began
            entered = here.count("automations_run")
            assert entered == len(ids), f"{entered} of {len(ids)} entered"
            rounds.append(
                {
                    "entered_a_second": round(entered / seconds),
                    "loop_a_second": round(looped),
                    "load": round(os.getloadavg()[0], 2),
                }
            )
            print(f"   {rounds[-1]}", flush=True)
    rounds = rounds[1:]
    return Result(
        value=median(rounds, "entered_a_second"),
        unit="entries/s",
        baseline=median(rounds, "loop_a_second"),
        ratio=median_ratio(rounds, "entered_a_second", "loop_a_second"),
        goal="a few statements for every 5,000 events",
        what=f"{len(ids):,} contacts enter because of an event each, told at once; the baseline hears {LOOP} alone",
        rounds=rounds,
    )


def automation_listening() -> Result:
    """What an event costs while a thousand automations listen, each to its own tag; against one that listens."""
    with _business() as (here, business):
        from plainsail.automations.services import entering
        from plainsail.contacts.events import TagAdded
        from plainsail.contacts.services import tags
        from plainsail.kernel import clock
        from plainsail.kernel.tenancy import workspace

        at = clock.now()
        with workspace(business):
            words = [tags.named(business, f"Listened to {number}") for number in range(LISTENING)]
            ids = list(business.contacts.filter(deleted_at=None).order_by("id").values_list("id", flat=True)[:5000])
            other = tags.named(business, "Nobody waits for it")

        def costs() -> float:
            """Microseconds an event: 5,000 events, of which one in fifty lets somebody in."""
            told = [
                TagAdded(tag_id=words[0].id if not place % 50 else other.id, contact_id=one, at=at)
                for place, one in enumerate(ids)
            ]
            began = time.perf_counter()
            with workspace(business):
                entering.hear("contacts.tag_added", told)
            return (time.perf_counter() - began) / len(told) * 1_000_000

        rounds: list[dict[str, Any]] = [{} for _number in range(ROUNDS + 1)]
        for name, listening in (("one_us", 1), ("thousand_us", LISTENING)):
            with workspace(business):
                have = business.automations.count()
                _listen(business, [str(word.id) for word in words[have:listening]], at=at)
            for one in rounds:
                _empty(here, "automations_run")
                one[name] = round(costs(), 2)
                one["load"] = round(os.getloadavg()[0], 2)
    for one in rounds[1:]:
        print(f"   {one}", flush=True)
    return Result(
        value=median(rounds[1:], "thousand_us"),
        unit="µs an event",
        baseline=median(rounds[1:], "one_us"),
        ratio=median_ratio(rounds[1:], "one_us", "thousand_us"),
        goal="≥ 0.8x of what it costs while one listens",
        what=f"{LISTENING:,} live automations, each waiting for another tag; 5,000 events heard as a set",
        rounds=rounds[1:],
    )


@contextmanager
def _business() -> Iterator[tuple[Installation, Any]]:
    with seeded(contacts=CONTACTS, events=1000) as here:
        os.environ.update(here.environment)
        import django

        django.setup()
        # As the worker does it.
        gc.collect()
        gc.freeze()
        from django.db import connection

        from plainsail.kernel.models import Workspace

        _empty(here, "automations_automation")
        yield here, Workspace.objects.get(slug="measured")
        connection.close()


def _live(business: Any, steps: Any, number: int, *, at: Any, trigger: Any = None) -> Any:
    from plainsail.automations.services import editing, flows, publishing

    kind, config = trigger or ("contacts.contact_created", {})
    made = editing.create(name=f"Measured {number}", flow=flows.build(kind, config, steps), at=at)
    publishing.publish(made, waiting="finish", at=at)
    return type(made).objects.select_related("version").get(id=made.id)


def _listen(business: Any, words: Any, *, at: Any) -> None:
    """Live automations, one for each tag, as publishing leaves them; without the forms, which would read all tags each time."""
    from plainsail.automations.models import Automation, AutomationVersion
    from plainsail.automations.services import flows

    drawn = [flows.build("contacts.tag_added", {"tag": word}, [flows.wait(900)]) for word in words]
    made = [
        Automation(
            name="Listens", draft=flow, edited_at=at, state="live", listens_to="contacts.tag_added", listens_for=word
        )
        for flow, word in zip(drawn, words, strict=True)
    ]
    Automation.objects.bulk_create(made)
    versions = [
        AutomationVersion(automation=one, number=1, document=one.draft, published_at=at - timedelta(days=1))
        for one in made
    ]
    AutomationVersion.objects.bulk_create(versions)
    for one, version in zip(made, versions, strict=True):
        one.version = version
    Automation.objects.bulk_update(made, ["version"], batch_size=200)


def _fill(here: Installation, automation: Any, due_at: Any, *, step: str = "", is_in_wait: bool = True) -> None:
    """Everybody waits in an automation. Their runs have ids as entering gives them: one after the other, in the order of contacts."""
    from plainsail.kernel.ids import in_a_row

    first = step or automation.version.document["steps"][0]["id"]
    with here.loading() as connection:
        connection.execute(
            "INSERT INTO automations_run (id, created_at, workspace_id, automation_id, version_id, contact_id, entry, is_exclusive,"
            " state, step, is_in_wait, due_at, entered_at, failures, error, round, steps_that_day)"
            f" SELECT {in_a_row()}, now(), c.workspace_id, %s, %s, c.id, 'once', true, 'waiting', %s, %s, %s, now(), 0, '', 1, 0"
            " FROM (SELECT * FROM contacts_contact WHERE workspace_id = %s AND deleted_at IS NULL ORDER BY id) c",
            [automation.id, automation.version.id, first, is_in_wait, due_at, automation.workspace_id],
        )


def _begin_again(here: Installation, automation: Any, guest: Any, at: Any) -> None:
    """Everybody is due at the first step of the measured automation, and nothing of it has happened."""
    _empty(here, "automations_steplog")
    _empty(here, "kernel_pendingevent")
    _empty(here, "kernel_eventrow")
    with here.loading() as connection:
        connection.execute("DELETE FROM automations_run WHERE automation_id = %s", [automation.id])
        connection.execute("DELETE FROM contacts_contacttag WHERE tag_id = %s", [guest.id])
    _fill(here, automation, at, is_in_wait=False)
    here.analyze()


def _empty(here: Installation, table: str) -> None:
    with here.loading() as connection:
        connection.execute(f"TRUNCATE {table} CASCADE" if table != "kernel_eventrow" else "DELETE FROM kernel_eventrow")


def _tell_all(at: Any) -> None:
    from plainsail.contacts.events import ContactCreated
    from plainsail.kernel.events import publish_selected

    publish_selected(
        ContactCreated,
        "SELECT id, jsonb_build_object('source', 'measured') FROM contacts_contact "
        "WHERE workspace_id = %(event_workspace)s AND deleted_at IS NULL",
        {},
        at=at,
        heard=True,
    )


def _one_by_one(here: Installation, business: Any, automation: Any, guest: Any, at: Any) -> float:
    """Steps a second of a loop that takes one person one step further in a transaction each, and writes what the sets write."""
    import psycopg

    ids = [step["id"] for step in automation.version.document["steps"]]
    first_tag = automation.version.document["steps"][0]["config"]["tag"]
    began, taken = time.perf_counter(), 0
    with psycopg.connect(here.urls["app"]) as connection:
        while taken < LOOP * STEPS:
            with connection.transaction():
                connection.execute("SELECT set_config('plainsail.workspace', %s, true)", [str(business.id)])
                row = connection.execute(
                    "SELECT id, contact_id, step FROM automations_run WHERE workspace_id = %s AND automation_id = %s AND state = 'waiting'"
                    " AND due_at <= %s ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
                    [business.id, automation.id, at],
                ).fetchone()
                assert row is not None, "somebody is due"
                place = ids.index(row[2])
                if place == 0:
                    connection.execute(
                        "SELECT EXISTS (SELECT 1 FROM contacts_contacttag WHERE workspace_id = %s AND tag_id = %s AND contact_id = %s)",
                        [business.id, first_tag, row[1]],
                    ).fetchone()
                if place == 1:
                    _tag(connection, business, guest, row[1], at)
                connection.execute(
                    "INSERT INTO automations_steplog (id, created_at, workspace_id, run_id, automation_id, step, visit, outcome, note, at)"
                    " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, 1, 'done', '', %s)",
                    [at, business.id, row[0], automation.id, row[2], at],
                )
                is_last = place == len(ids) - 1
                connection.execute(
                    "UPDATE automations_run SET step = %s, is_in_wait = %s, due_at = %s, steps_that_day = steps_that_day + 1"
                    " WHERE workspace_id = %s AND id = %s",
                    # In front of all others, so that it goes on with this one.
                    [
                        row[2] if is_last else ids[place + 1],
                        is_last,
                        at + timedelta(days=30) if is_last else at - timedelta(hours=1),
                        business.id,
                        row[0],
                    ],
                )
            taken += 1
    return taken / (time.perf_counter() - began)


def _tag(connection: Any, business: Any, guest: Any, contact_id: Any, at: Any) -> None:
    connection.execute(
        "INSERT INTO contacts_contacttag (id, created_at, workspace_id, tag_id, contact_id) VALUES (gen_random_uuid(), %s, %s, %s, %s)",
        [at, business.id, guest.id, contact_id],
    )
    connection.execute(
        "UPDATE contacts_lastchange SET at = %s WHERE workspace_id = %s AND id = %s", [at, business.id, contact_id]
    )
    connection.execute(
        "INSERT INTO kernel_eventrow (id, created_at, workspace_id, name, contact_id, at, payload)"
        " VALUES (gen_random_uuid(), %s, %s, 'contacts.tag_added', %s, %s, %s)",
        [at, business.id, contact_id, at, json.dumps({"tag_id": str(guest.id)})],
    )


def _plan(statement: str, business: Any, at: Any) -> str:
    """How the database finds what is due, and how many rows of the table it had to read for it."""
    from django.db import connection

    from plainsail.automations.services.running import FIRST, WINDOW

    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}",
            {
                "workspace": business.id,
                "at": at,
                "after_at": FIRST[0],
                "after_id": FIRST[1],
                "resting": "{}",
                "limit": WINDOW,
            },
        )
        ((found,),) = cursor.fetchall()
    (node,) = (one for one in _nodes(json.loads(found) if isinstance(found, str) else found) if "Index Name" in one)
    return f"{node['Node Type']} on {node['Index Name']}, {node.get('Heap Fetches')} heap fetches for {WINDOW:,} runs"


def _nodes(plans: Any) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    for plan in plans:
        node = plan.get("Plan", plan)
        yield node
        yield from _nodes(node.get("Plans", ()))


def _memory() -> float:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
