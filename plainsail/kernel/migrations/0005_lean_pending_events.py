"""What is still to be heard is checked once a statement, and stands in three indexes instead of five."""

import django.db.models.deletion
from django.db import migrations, models

import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_events_held_in_sets")]

    operations = [
        migrations.RemoveConstraint(model_name="pendingevent", name="kernel_pendingevent_tenant_key"),
        migrations.RemoveConstraint(model_name="pendingevent", name="pending_event_once"),
        migrations.AddConstraint(
            model_name="pendingevent",
            constraint=models.UniqueConstraint(fields=["workspace", "event", "subscriber"], name="pending_event_once"),
        ),
        migrations.AlterField(
            model_name="pendingevent",
            name="event",
            field=plainsail.kernel.models.SetTiedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pending",
                to="kernel.eventrow",
            ),
        ),
        migrations.AlterField(
            model_name="pendingevent",
            name="workspace",
            field=plainsail.kernel.models.SetWorkspaceKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pending_events",
                to="kernel.workspace",
            ),
        ),
        plainsail.kernel.operations.TieInSets(model="PendingEvent", field="event"),
        plainsail.kernel.operations.HoldInSets(model="PendingEvent"),
    ]
