"""Runs lose two indexes: one that nothing refers to any more, and one that another serves as well.

The log is asked what it belongs to only where that changes.
"""

import django.db.models.deletion
from django.db import migrations, models

import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [
        ("automations", "0004_failed_calls"),
        ("contacts", "0014_contacts_held_in_sets"),
        ("kernel", "0005_lean_pending_events"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="run", name="automations_run_tenant_key"),
        migrations.RemoveConstraint(model_name="run", name="automations_run_once"),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                fields=["workspace", "contact", "automation", "entry"], name="automations_run_once"
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="contact",
            field=plainsail.kernel.models.TiedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="automation_runs",
                to="contacts.contact",
            ),
        ),
        plainsail.kernel.operations.TieAnew(model="StepLog", field="run"),
        plainsail.kernel.operations.TieAnew(model="StepLog", field="automation"),
    ]
