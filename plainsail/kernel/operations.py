"""Migration operations that put a table under row-level security and tie its keys to the workspace.

`makemigrations` appends them by itself (`TenancyAutodetector`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

POLICY = "workspace_id = (SELECT current_setting('plainsail.workspace')::uuid)"


def tie_name(table: str, column: str) -> str:
    """Name of a composite foreign key, within PostgreSQL's 63 bytes."""
    digest = hashlib.blake2b(f"{table}.{column}".encode(), digest_size=4).hexdigest()
    return f"{table[:24]}_{column[:20]}_{digest}_tie"


class Isolate(Operation):
    """Row-level security for a table: a policy on its workspace. `migrate` forces it on the owner where that one serves."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str) -> None:
        self.model = model

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models look the same to Django."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = _table(to_state.apps, app_label, self.model)
        for statement in isolate_sql(table):
            schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = _table(to_state.apps, app_label, self.model)
        schema_editor.execute(f'DROP POLICY workspace_isolation ON "{table}"')
        schema_editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')

    def describe(self) -> str:
        return f"Separate {self.model} by workspace"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (self.__class__.__name__, [self.model], {})


def isolate_sql(table: str) -> list[str]:
    """Statements that isolate a table."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'CREATE POLICY workspace_isolation ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})',
    ]


class Tie(Operation):
    """The composite foreign key `(workspace_id, column) → (workspace_id, id)` of a TiedForeignKey."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, field: str) -> None:
        self.model = model
        self.field = field

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models look the same to Django."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model)
        field: Any = model._meta.get_field(self.field)
        table, column = model._meta.db_table, field.column
        target = field.remote_field.model._meta.db_table
        schema_editor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{tie_name(table, column)}" FOREIGN KEY (workspace_id, "{column}") '
            f'REFERENCES "{target}" (workspace_id, id) DEFERRABLE INITIALLY DEFERRED'
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model)
        field: Any = model._meta.get_field(self.field)
        table = model._meta.db_table
        schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{tie_name(table, field.column)}"')

    def describe(self) -> str:
        return f"Tie {self.model}.{self.field} to its workspace"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (self.__class__.__name__, [self.model, self.field], {})


# Whoever writes holds the rows referred to, as a foreign key's check does, so that nobody deletes them meanwhile; those
# that this very transaction made or changed can't be deleted by others, and need no hold. Where the first isn't such a row, all
# are looked up and held at once. The plan is made once a connection and kept, perhaps over an empty table or for a single row:
# so it is always one look along the index for each row.
TIED_IN = """
CREATE OR REPLACE FUNCTION "{name}_in"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    wanted bigint;
    found_own bigint;
    found_others bigint;
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT workspace_id, "{column}" AS key FROM new_rows WHERE "{column}" IS NOT NULL LIMIT 1) n
        CROSS JOIN LATERAL (
            SELECT 1 FROM "{target}" WHERE workspace_id = n.workspace_id AND id = n.key
            AND xmin = pg_current_xact_id()::xid OFFSET 0
        ) t
    ) THEN
        SELECT count(*), count(t.own) INTO wanted, found_own
        FROM (SELECT DISTINCT workspace_id, "{column}" AS key FROM new_rows WHERE "{column}" IS NOT NULL) n
        LEFT JOIN LATERAL (
            SELECT 1 AS own FROM "{target}" WHERE workspace_id = n.workspace_id AND id = n.key
            AND xmin = pg_current_xact_id()::xid OFFSET 0
        ) t ON true;
        IF found_own = wanted THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT count(*), count(t.is_there) INTO wanted, found_others
    FROM (SELECT DISTINCT workspace_id, "{column}" AS key FROM new_rows WHERE "{column}" IS NOT NULL) n
    LEFT JOIN LATERAL (
        SELECT 1 AS is_there FROM "{target}" WHERE workspace_id = n.workspace_id AND id = n.key FOR KEY SHARE
    ) t ON true;
    IF found_others < wanted THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a row of {table} refers to nothing in {target} by {column}',
            TABLE = '{table}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
"""

# Hardly any row ever refers to something else than before, and a set of all updated rows would have to be kept and looked
# through for nothing: so this is asked row by row, and only where it does.
TIED_MOVED = """
CREATE OR REPLACE FUNCTION "{name}_moved"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM "{target}" WHERE workspace_id = NEW.workspace_id AND id = NEW."{column}" FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a row of {table} refers to nothing in {target} by {column}',
            TABLE = '{table}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
"""
TIED_ON_UPDATE = """
CREATE OR REPLACE TRIGGER "{name}_update" AFTER UPDATE OF workspace_id, "{column}" ON "{table}" FOR EACH ROW
WHEN (NEW."{column}" IS NOT NULL AND (OLD.workspace_id, OLD."{column}") IS DISTINCT FROM (NEW.workspace_id, NEW."{column}"))
EXECUTE FUNCTION "{name}_moved"()
"""

# Asked at commit, as the keys of other tables are, so that rows may go in any order. By then the transaction may have
# closed its workspace again, and where one role does it all the policy holds for this function too.
TIED_OUT = """
CREATE FUNCTION "{name}_out"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    before text := current_setting('plainsail.workspace', true);
    is_missed boolean;
BEGIN
    PERFORM set_config('plainsail.workspace', OLD.workspace_id::text, true);
    is_missed := EXISTS (SELECT 1 FROM "{table}" c WHERE c.workspace_id = OLD.workspace_id AND c."{column}" = OLD.id)
        AND NOT EXISTS (SELECT 1 FROM "{target}" t WHERE t.workspace_id = OLD.workspace_id AND t.id = OLD.id);
    PERFORM set_config('plainsail.workspace', coalesce(before, ''), true);
    IF is_missed THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a row of {target} is still referred to from {table} by {column}',
            TABLE = '{table}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
"""


class TieInSets(Operation):
    """What `Tie` holds, checked once a statement: triggers take the place of the foreign key of a SetTiedForeignKey."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, field: str) -> None:
        self.model = model
        self.field = field

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models look the same to Django."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table, column, target, name = self._names(app_label, to_state)
        names = {"table": table, "column": column, "target": target, "name": name}
        for statement in (
            'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"',
            TIED_IN,
            TIED_OUT,
            (
                'CREATE TRIGGER "{name}_insert" AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION "{name}_in"()'
            ),
            TIED_MOVED,
            TIED_ON_UPDATE,
            (
                'CREATE CONSTRAINT TRIGGER "{name}" AFTER DELETE OR UPDATE OF id, workspace_id ON "{target}" '
                'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "{name}_out"()'
            ),
        ):
            schema_editor.execute(statement.format(**names))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        _table_name, _column, _target, name = self._names(app_label, from_state)
        for way in ("in", "moved", "out"):
            schema_editor.execute(f'DROP FUNCTION "{name}_{way}"() CASCADE')
        Tie(self.model, self.field).database_forwards(app_label, schema_editor, from_state, from_state)

    def _names(self, app_label: str, state: ProjectState) -> tuple[str, str, str, str]:
        model = state.apps.get_model(app_label, self.model)
        field: Any = model._meta.get_field(self.field)
        table = model._meta.db_table
        return table, field.column, field.remote_field.model._meta.db_table, tie_name(table, field.column)

    def describe(self) -> str:
        return f"Tie {self.model}.{self.field} to its workspace, a statement at a time"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (self.__class__.__name__, [self.model, self.field], {})


class TieAnew(TieInSets):
    """For keys that were tied in sets by an earlier version: what asks of new and of changed rows, as it is made today."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table, column, target, name = self._names(app_label, to_state)
        for statement in (TIED_IN, TIED_MOVED, TIED_ON_UPDATE):
            schema_editor.execute(statement.format(table=table, column=column, target=target, name=name))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """It held before, and holds so too."""

    def describe(self) -> str:
        return f"Tie {self.model}.{self.field} as it is done now"


# Businesses are made before their rows and are not deleted while anything is theirs; the lock is what a foreign key takes.
HELD_IN = """
CREATE FUNCTION "{name}_in"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT workspace_id FROM new_rows) n
        LEFT JOIN LATERAL (SELECT 1 AS is_so FROM kernel_workspace WHERE id = n.workspace_id FOR KEY SHARE) w ON true
        WHERE w.is_so IS NULL
    ) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a row of {table} belongs to no business', TABLE = '{table}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
"""

# Row by row and only where it would move, for a set of all updated rows would have to be kept for nothing.
HELD_STAYS = """
CREATE FUNCTION "{name}_stays"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING
        MESSAGE = 'a row of {table} stays with its business', TABLE = '{table}', CONSTRAINT = '{name}';
END $$;
"""

HELD_OUT = """
CREATE FUNCTION "{name}_out"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    before text := current_setting('plainsail.workspace', true);
    is_missed boolean;
BEGIN
    PERFORM set_config('plainsail.workspace', OLD.id::text, true);
    is_missed := EXISTS (SELECT 1 FROM "{table}" WHERE workspace_id = OLD.id)
        AND NOT EXISTS (SELECT 1 FROM kernel_workspace WHERE id = OLD.id);
    PERFORM set_config('plainsail.workspace', coalesce(before, ''), true);
    IF is_missed THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a business still has rows of {table}', TABLE = '{table}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
"""


class HoldInSets(Operation):
    """The key of a SetWorkspaceKey, checked once a statement: triggers take the place of the foreign key."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str) -> None:
        self.model = model

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models look the same to Django."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        names = self._names(app_label, to_state)
        for statement in (
            HELD_IN,
            HELD_STAYS,
            HELD_OUT,
            (
                'CREATE TRIGGER "{name}_insert" AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION "{name}_in"()'
            ),
            (
                'CREATE TRIGGER "{name}_update" AFTER UPDATE OF workspace_id ON "{table}" FOR EACH ROW '
                'WHEN (OLD.workspace_id <> NEW.workspace_id) EXECUTE FUNCTION "{name}_stays"()'
            ),
            (
                'CREATE CONSTRAINT TRIGGER "{name}" AFTER DELETE OR UPDATE OF id ON kernel_workspace '
                'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "{name}_out"()'
            ),
        ):
            schema_editor.execute(statement.format(**names))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for way in ("in", "stays", "out"):
            schema_editor.execute(f'DROP FUNCTION "{self._names(app_label, from_state)["name"]}_{way}"() CASCADE')

    def _names(self, app_label: str, state: ProjectState) -> dict[str, str]:
        table = _table(state.apps, app_label, self.model)
        return {"table": table, "name": tie_name(table, "workspace_id")}

    def describe(self) -> str:
        return f"Hold {self.model} to its workspace, a statement at a time"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (self.__class__.__name__, [self.model], {})


def _table(apps: Apps, app_label: str, model: str) -> str:
    return str(apps.get_model(app_label, model)._meta.db_table)


class TenancyAutodetector(MigrationAutodetector):
    """Appends Isolate and Tie for every tenant table and tied key that a migration makes."""

    def changes(self, *args: Any, **options: Any) -> dict[str, list[migrations.Migration]]:
        found: dict[str, list[migrations.Migration]] = super().changes(*args, **options)
        for made in (migration for app in found.values() for migration in app):
            made.operations = [*made.operations, *_tenancy_of(made.operations)]  # type: ignore[misc]  # so does Django
        return found


def _tenancy_of(operations: Sequence[Operation]) -> list[Operation]:
    from plainsail.kernel.models import SetWorkspaceKey

    isolated: list[Operation] = []
    ties: list[Operation] = []
    for operation in operations:
        if isinstance(operation, migrations.CreateModel):
            names = dict(operation.fields)
            if _is_owned(names):
                isolated.append(Isolate(operation.name))
            if isinstance(names.get("workspace"), SetWorkspaceKey):
                ties.append(HoldInSets(operation.name))
            ties += [_tie(field)(operation.name, name) for name, field in operation.fields if _is_tied(field)]
        elif isinstance(operation, migrations.AddField):
            # Beside other changes Django makes a table first and adds its keys after.
            if _is_owned({operation.name: operation.field}):
                isolated.append(Isolate(operation.model_name))
            elif _is_tied(operation.field):
                ties.append(_tie(operation.field)(operation.model_name, operation.name))
    return [*isolated, *ties]


def _tie(field: models.Field[Any, Any]) -> type[Tie | TieInSets]:
    from plainsail.kernel.models import SetTiedForeignKey, SetTiedOneToOneField

    return TieInSets if isinstance(field, (SetTiedForeignKey, SetTiedOneToOneField)) else Tie


def _is_owned(fields: dict[str, Any]) -> bool:
    from plainsail.kernel.models import WorkspaceKey

    return isinstance(fields.get("workspace"), WorkspaceKey)


def _is_tied(field: models.Field[Any, Any]) -> bool:
    from plainsail.kernel.models import TiedForeignKey, TiedOneToOneField

    return isinstance(field, (TiedForeignKey, TiedOneToOneField))
