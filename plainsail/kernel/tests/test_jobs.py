"""Work that can wait is part of the transaction that asked for it, knows its workspace, and is never lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from plainsail.kernel import clock, due, jobs, tenancy
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Due
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.testing import run_jobs

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


class Calls(list):
    fire: jobs.Job
    network: jobs.Job


@pytest.fixture
def calls(monkeypatch):
    made = Calls()
    monkeypatch.setattr(jobs, "JOBS", dict(jobs.JOBS))

    @jobs.job("test.fire")
    def fire(**arguments):
        made.append((arguments, tenancy.has_workspace()))

    @jobs.job("test.network")
    @outside_transaction
    def network(**arguments):
        made.append((arguments, tenancy.has_workspace()))

    monkeypatch.setattr("plainsail.kernel.testing.work.JOBS", jobs.JOBS)
    made.fire, made.network = fire, network
    return made


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        return cursor.fetchone()[0]


def test_a_job_gets_its_arguments_back_as_they_were(in_juniper, calls):
    given = {"kiln": new_id(), "at": MAY, "note": "gold", "many": [new_id()], "nothing": None}
    calls.fire.later(**given)
    run_jobs()
    assert calls == [(given, True)]


def test_a_job_of_a_rolled_back_transaction_never_runs(in_juniper, calls):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        calls.fire.later()
        1 / 0
    assert waiting() == 0


def test_a_job_outside_a_transaction_is_told_its_workspace(in_juniper, calls):
    calls.network.later()
    run_jobs()
    assert calls == [({"workspace_id": in_juniper.id}, False)]


def test_one_key_waits_once(in_juniper, calls):
    for _ in range(3):
        calls.fire.once("kiln-1")
    calls.fire.once("kiln-2")
    assert waiting() == 2


def test_a_job_for_later_waits_for_its_time(in_juniper, calls):
    calls.fire.later_at(MAY + timedelta(days=1))
    run_jobs(at=MAY)
    assert calls == []
    run_jobs(at=MAY + timedelta(days=1))
    assert len(calls) == 1


def test_two_jobs_can_not_share_a_name(calls):
    with pytest.raises(ValueError, match="test.fire"):
        jobs.job("test.fire")(lambda: None)


class TestDue:
    @pytest.fixture
    def ran(self, monkeypatch):
        monkeypatch.setattr(due, "KINDS", {})
        seen = []

        @due.runs("test.kiln")
        def run(*, at):
            seen.append((tenancy.current_workspace_id(), at))
            return seen.following

        class Seen(list):
            following = None

        seen = Seen()
        return seen

    def test_the_earliest_moment_wins(self, in_juniper, ran):
        for days in (3, 1, 2):
            due.schedule("test.kiln", MAY + timedelta(days=days))
        assert Due.objects.get().due_at == MAY + timedelta(days=1)

    def test_what_is_due_runs_in_its_workspace_and_says_what_is_next(self, juniper, acme, ran):
        due.schedule_for(juniper.id, "test.kiln", MAY)
        due.schedule_for(acme.id, "test.kiln", MAY + timedelta(days=1))
        ran.following = MAY + timedelta(days=2)
        run_jobs(at=MAY)
        assert [workspace_id for workspace_id, _ in ran] == [juniper.id]
        assert Due.objects.get(workspace=juniper).due_at == MAY + timedelta(days=2)
        assert Due.objects.get(workspace=acme).due_at == MAY + timedelta(days=1)

    def test_what_can_not_wait_for_the_minute_is_done_at_once_and_once(self, juniper, ran):
        with workspace(juniper), clock.fixed(MAY):
            due.schedule("test.kiln", MAY)
            for _twice in range(2):
                due.hurry("test.kiln")
        with clock.fixed(MAY):
            due.at_once.function(workspace_id=juniper.id, kind="test.kiln")
            due.at_once.function(workspace_id=juniper.id, kind="test.kiln")
        assert ran == [(juniper.id, MAY)]
        assert not Due.objects.exists()

    def test_a_hurry_does_nothing_before_its_time(self, juniper, ran):
        due.schedule_for(juniper.id, "test.kiln", MAY + timedelta(days=1))
        with clock.fixed(MAY):
            due.at_once.function(workspace_id=juniper.id, kind="test.kiln")
        assert (list(ran), Due.objects.get().due_at) == ([], MAY + timedelta(days=1))

    def test_nobody_else_gets_what_is_claimed(self, juniper, ran):
        due.schedule_for(juniper.id, "test.kiln", MAY)
        assert due.claim(at=MAY) == [(juniper.id, "test.kiln")]
        assert due.claim(at=MAY) == []
        assert due.claim(at=MAY + due.LEASE) == [(juniper.id, "test.kiln")]

    def test_what_is_scheduled_during_a_run_is_not_lost(self, juniper, ran):
        due.schedule_for(juniper.id, "test.kiln", MAY)
        due.claim(at=MAY)
        with workspace(juniper):
            due.schedule("test.kiln", MAY + timedelta(minutes=1))
        due.run.function(workspace_id=juniper.id, kind="test.kiln", lease=MAY + due.LEASE)
        assert Due.objects.get().due_at == MAY + timedelta(minutes=1)


def left_by_a_killed_worker(cursor, *, key=None):
    """Put a job there that a worker had begun when it stopped beating; return its id."""
    cursor.execute(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes') RETURNING id"
    )
    cursor.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id, lock, queueing_lock) "
        "VALUES ('default', 'kernel.due_tick', '{\"call\": {}, \"workspace\": null}', 'doing', %s, %s, %s) RETURNING id",
        [cursor.fetchone()[0], key, key],
    )
    return cursor.fetchone()[0]


def as_worker(act):
    """What `act(app)` does when a worker does it."""

    async def open_and_act():
        worker_app = jobs.worker_app()
        async with worker_app.open_async():
            return await act(worker_app)

    return asyncio.run(open_and_act())


def sweep():
    """What every worker does each minute."""
    as_worker(lambda app: jobs.recover_stalled(type("Context", (), {"app": app})(), 0))


def statuses():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status FROM procrastinate_jobs ORDER BY id")
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_was_killed_runs_again():
    """A worker that stops beating leaves its job `doing`; the minute's sweep gives it back."""
    with connection.cursor() as cursor:
        stalled = left_by_a_killed_worker(cursor)
    sweep()
    assert statuses() == {stalled: "todo"}


@pytest.mark.django_db(transaction=True)
def test_a_killed_job_gives_way_to_one_that_waits_under_its_key_and_the_next_is_given_back_too():
    with connection.cursor() as cursor:
        left_by_a_killed_worker(cursor, key="kiln")
        other = left_by_a_killed_worker(cursor)
    due.tick.once("kiln")
    (twin,) = [number for number, status in statuses().items() if status == "todo"]
    sweep()
    assert statuses() == {other: "todo", twin: "todo"}


@pytest.mark.django_db(transaction=True)
def test_the_clock_comes_before_all_other_work():
    """Else a mailing of an hour would keep a worker's lost jobs, and everything that is due, waiting for an hour."""

    async def queue_and_fetch(app):
        for _ in range(3):
            await app.configure_task("kernel.due_run").defer_async(call={})
        for name in ("every:kernel.due_tick", "kernel.recover_stalled"):
            await app.tasks[name].defer_async(timestamp=0)
        worker = await app.job_manager.register_worker()
        return [(await app.job_manager.fetch_job(None, worker)).task_name for _ in range(3)]

    fetched = as_worker(queue_and_fetch)
    assert fetched == ["every:kernel.due_tick", "kernel.recover_stalled", "kernel.due_run"]


@pytest.mark.django_db(transaction=True)
def test_a_failed_job_gives_way_to_one_that_waits_under_its_key():
    """Its lock would else be held for ever, and nothing of this key would run again."""

    async def begin(app):
        return await app.job_manager.fetch_job(None, await app.job_manager.register_worker())

    due.tick.once("kiln")
    begun = as_worker(begin)
    due.tick.once("kiln")
    as_worker(lambda app: app.job_manager.retry_job(begun, retry_at=MAY))
    assert list(statuses().values()) == ["todo"]
    assert begun.id not in statuses()
