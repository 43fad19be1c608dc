"""Businesses that sell already have their months entered from now on, those that are over too."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("commerce", "0010_led_purchases"),
        ("kernel", "0003_one_seller_of_plans"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            "INSERT INTO kernel_due (workspace_id, kind, due_at)"
            " SELECT id, 'commerce.earned', '2000-01-01' FROM kernel_workspace ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        ),
    ]
