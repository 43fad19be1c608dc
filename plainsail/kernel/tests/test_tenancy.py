"""The database separates businesses, also where Python forgets to; and these tests fail when it does not."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, migrations, models, transaction
from django.db.utils import InternalError

from plainsail.kernel import clock, environment, isolation, tenancy
from plainsail.kernel.ids import in_a_row, new_id
from plainsail.kernel.models import EventRow, PendingEvent, TiedForeignKey, WorkspaceKey
from plainsail.kernel.operations import POLICY, Isolate, Tie, _tenancy_of, tie_name
from plainsail.kernel.tenancy import AnotherWorkspace, WorkspaceRequired, for_each_workspace, workspace

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def add_event(name: str) -> EventRow:
    return EventRow.objects.create(name=name, at=MAY)


def names_by_sql() -> list[str]:
    """What a query sees that forgot the filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM kernel_eventrow ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def two(juniper, acme):
    with workspace(juniper):
        add_event("juniper")
    with workspace(acme):
        add_event("acme")
    return juniper, acme


def test_a_query_without_a_filter_sees_one_business_only(two):
    juniper, acme = two
    with workspace(juniper):
        assert names_by_sql() == ["juniper"]
    with workspace(acme):
        assert names_by_sql() == ["acme"]


def test_the_manager_refuses_outside_a_workspace(db):
    with pytest.raises(WorkspaceRequired):
        EventRow.objects.count()


def test_sql_outside_a_workspace_fails_loudly(two):
    with pytest.raises((DataError, ProgrammingError)), transaction.atomic():
        names_by_sql()


def test_a_queryset_that_leaves_its_workspace_finds_nothing_to_read(two):
    juniper, _acme = two
    with workspace(juniper):
        lazy = EventRow.objects.all()
    with pytest.raises((DataError, ProgrammingError)), transaction.atomic():
        list(lazy)


def test_writing_into_another_workspace_is_refused_by_the_database(two):
    juniper, acme = two
    with workspace(juniper), pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        EventRow(workspace_id=acme.id, name="smuggled", at=MAY).save(force_insert=True)


def test_moving_a_row_to_another_workspace_is_refused(two):
    juniper, acme = two
    with workspace(juniper), pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        EventRow.objects.update(workspace_id=acme.id)


def test_a_key_to_another_tenants_row_is_refused(two):
    juniper, acme = two
    with workspace(acme):
        foreign = EventRow.objects.get()
    with workspace(juniper), pytest.raises(IntegrityError), transaction.atomic():
        PendingEvent.objects.create(event_id=foreign.id, subscriber="x", due_at=MAY)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_another_workspace_can_not_be_opened_inside_one(two):
    juniper, acme = two
    with workspace(juniper), pytest.raises(AnotherWorkspace), workspace(acme):
        pass


def test_the_same_workspace_nests_and_stays_open_after_a_rollback(two):
    juniper, _ = two
    with workspace(juniper):
        with pytest.raises(ZeroDivisionError), workspace(juniper):
            add_event("lost")
            1 / 0
        assert names_by_sql() == ["juniper"]


def test_a_failure_rolls_everything_back(juniper):
    with pytest.raises(ZeroDivisionError), workspace(juniper):
        add_event("lost")
        1 / 0
    with workspace(juniper):
        assert names_by_sql() == []


def test_a_thread_does_not_inherit_the_workspace(in_juniper):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(tenancy.has_workspace()))
    thread.start()
    thread.join()
    assert seen == [False]


def test_every_workspace_is_visited_in_a_transaction_of_its_own(two):
    seen = []
    assert for_each_workspace(lambda: seen.append(names_by_sql()), reason="a test") == 2
    assert sorted(seen) == [["acme"], ["juniper"]]


def test_the_application_role_can_neither_empty_tables_nor_change_them(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("ps_app", False, False)
    for statement in (
        "ALTER TABLE kernel_eventrow DISABLE ROW LEVEL SECURITY",
        "DROP POLICY workspace_isolation ON kernel_eventrow",
        "SET ROLE ps_owner",
        "UPDATE django_migrations SET name = 'x'",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def found_holes() -> list[str]:
    with connection.cursor() as cursor:
        return [str(hole) for hole in isolation.holes(cursor)]


def test_no_table_is_open_to_a_forgotten_filter(db):
    assert found_holes() == []


@contextmanager
def mutated(*statements: str, back: tuple[str, ...]):
    """The owner breaks something, and mends it afterwards."""
    owner_url = environment.current().owner_database_url
    with psycopg.connect(owner_url, dbname=connection.settings_dict["NAME"], autocommit=True) as owner:
        try:
            for statement in statements:
                owner.execute(statement)
            yield
        finally:
            for statement in back:
                owner.execute(statement)


OPEN = "row-level security is not active"
NOT_THE_POLICY = "its policy is not the one policy"
AROUND = "a partition can be read around its parent"


@pytest.mark.parametrize(
    ("statements", "back", "hole"),
    [
        (
            ["CREATE TABLE kernel_forgotten (workspace_id uuid)"],
            ["DROP TABLE kernel_forgotten"],
            f"kernel_forgotten: {OPEN}",
        ),
        (
            ["ALTER TABLE kernel_eventrow DISABLE ROW LEVEL SECURITY"],
            ["ALTER TABLE kernel_eventrow ENABLE ROW LEVEL SECURITY"],
            f"kernel_eventrow: {OPEN}",
        ),
        (
            [
                "CREATE TABLE mutant (workspace_id uuid)",
                "ALTER TABLE mutant ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY workspace_isolation ON mutant USING (true)",
            ],
            ["DROP TABLE mutant"],
            f"mutant: {NOT_THE_POLICY}",
        ),
        (
            [f"CREATE POLICY another ON kernel_eventrow FOR SELECT USING ({POLICY} OR current_user = 'ps_app')"],
            ["DROP POLICY another ON kernel_eventrow"],
            f"kernel_eventrow: {NOT_THE_POLICY}",
        ),
        (
            [
                "CREATE TABLE mutant (workspace_id uuid, at int) PARTITION BY RANGE (at)",
                "ALTER TABLE mutant ENABLE ROW LEVEL SECURITY",
                f"CREATE POLICY workspace_isolation ON mutant USING ({POLICY}) WITH CHECK ({POLICY})",
                "CREATE TABLE mutant_first PARTITION OF mutant FOR VALUES FROM (0) TO (9)",
                "GRANT SELECT ON mutant_first TO ps_app",
            ],
            ["DROP TABLE mutant"],
            f"mutant_first: {AROUND}",
        ),
    ],
)
def test_each_way_to_break_isolation_is_noticed(transactional_db, statements, back, hole):
    with mutated(*statements, back=tuple(back)):
        assert found_holes() == [hole]
    assert found_holes() == []


def test_serving_as_the_owner_is_noticed_at_every_table(db):
    owner_url = environment.current().owner_database_url
    with psycopg.connect(owner_url, dbname=connection.settings_dict["NAME"]) as owner:
        found = {hole.table for hole in isolation.holes(owner.cursor()) if hole.reason == OPEN}
    assert {"kernel_eventrow", "contacts_contact", "commerce_invoice"} <= found
    assert not found & tenancy.SHARED_TABLES


def test_one_role_that_owns_the_tables_is_noticed_where_force_is_missing(transactional_db):
    owner_url = environment.current().owner_database_url
    with psycopg.connect(owner_url, dbname=connection.settings_dict["NAME"], autocommit=True) as owner:
        owner.execute("ALTER TABLE kernel_eventrow FORCE ROW LEVEL SECURITY")
        try:
            found = {hole.table for hole in isolation.holes(owner.cursor()) if hole.reason == OPEN}
        finally:
            owner.execute("ALTER TABLE kernel_eventrow NO FORCE ROW LEVEL SECURITY")
    assert "kernel_eventrow" not in found
    assert "kernel_pendingevent" in found


def test_the_policy_in_the_catalogue_is_the_one_that_migrations_write():
    assert POLICY == "workspace_id = (SELECT current_setting('plainsail.workspace')::uuid)"


def test_tie_names_fit_into_postgresqls_limit():
    name = tie_name("subscriptions_cancellationrequest_with_a_long_name", "a_very_long_column_name_indeed_id")
    assert len(name) <= 63


def test_ids_made_together_sort_together():
    first, second = new_id(), new_id()
    assert first.version == second.version == 7
    assert abs((first.int >> 80) - (second.int >> 80)) < 1000
    assert clock.now().timestamp() * 1000 - (first.int >> 80) < 60_000


def test_ids_of_a_set_made_by_the_database_are_all_different_and_lie_in_its_order(db):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {in_a_row()} FROM generate_series(1, 1000) UNION ALL SELECT {in_a_row()}")
        made = [key for (key,) in cursor.fetchall()]
    assert len(set(made)) == 1001
    assert made[:1000] == sorted(made[:1000])
    assert {key.version for key in made} == {7}


def test_a_table_that_gets_its_workspace_by_a_later_step_of_its_migration_is_isolated_too():
    key, tied = WorkspaceKey(related_name="+"), TiedForeignKey("Other", models.CASCADE)
    at_once = migrations.CreateModel("Thing", [("workspace", key), ("other", tied)])
    later = [
        migrations.CreateModel("Thing", [("name", models.TextField())]),
        migrations.AddField("Thing", "workspace", key),
        migrations.AddField("Thing", "other", tied),
    ]
    for operations in ([at_once], later):
        added = _tenancy_of(operations)
        assert [type(one) for one in added] == [Isolate, Tie]
        assert [one.model for one in added] == ["Thing", "Thing"]
