"""Events belong to a business by a check of each statement, not of each row."""

import django.db.models.deletion
from django.db import migrations

import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_one_seller_of_plans")]

    operations = [
        migrations.AlterField(
            model_name="eventrow",
            name="workspace",
            field=plainsail.kernel.models.SetWorkspaceKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="kernel.workspace",
            ),
        ),
        plainsail.kernel.operations.HoldInSets(model="EventRow"),
    ]
