"""Declarations that belong to no contract, and what a person did about them."""

import django.db.models.deletion
from django.db import migrations, models

import plainsail.kernel.clock
import plainsail.kernel.ids
import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0001_initial"),
        ("commerce", "0011_earned_by_month"),
        ("subscriptions", "0017_led_purchases"),
    ]

    operations = [
        migrations.CreateModel(
            name="SettledRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ("words", models.CharField(blank=True, max_length=300)),
                ("by", models.CharField(max_length=254)),
                ("settled_at", models.DateTimeField()),
                (
                    "order",
                    plainsail.kernel.models.TiedForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="commerce.order",
                    ),
                ),
                (
                    "request",
                    plainsail.kernel.models.TiedOneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settled",
                        to="subscriptions.cancellationrequest",
                    ),
                ),
                (
                    "workspace",
                    plainsail.kernel.models.WorkspaceKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="settled_requests",
                        to="kernel.workspace",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["workspace", "order"], name="withdrawals_of_order")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "id"), name="subscriptions_settledrequest_tenant_key"
                    )
                ],
            },
        ),
        plainsail.kernel.operations.Isolate(model="SettledRequest"),
        plainsail.kernel.operations.Tie(model="SettledRequest", field="order"),
        plainsail.kernel.operations.Tie(model="SettledRequest", field="request"),
    ]
