"""Every row of a business, table by table, for tests that ask whether something changed or is left."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

from plainsail.hosting.services import inventory
from plainsail.kernel.tenancy import workspace


def all_tables() -> dict[str, str]:
    """Tables that belong to businesses: label to name. From the models, and not from what an erasure walks."""
    return {model._meta.label_lower: model._meta.db_table for model in apps.get_models() if inventory.is_owned(model)}


def of(business) -> dict[str, dict[str, str]]:
    """Label to {id: the row, as the database writes it out}."""
    found = {}
    with workspace(business), connection.cursor() as cursor:
        for label, name in all_tables().items():
            cursor.execute(f'SELECT id::text, md5(r.*::text) FROM "{name}" r WHERE workspace_id = %s', [business.pk])
            found[label] = dict(cursor.fetchall())
        cursor.execute("SELECT id::text, md5(w.*::text) FROM kernel_workspace w WHERE id = %s", [business.pk])
        found["kernel.workspace"] = dict(cursor.fetchall())
        cursor.execute("SELECT id::text, md5(h.*::text) FROM accounts_host h WHERE workspace_id = %s", [business.pk])
        found["accounts.host"] = dict(cursor.fetchall())
    return {label: rows for label, rows in found.items() if rows}
