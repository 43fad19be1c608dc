"""Contacts belong to a business by a check of each statement, and an index goes that nothing but a restore ever read."""

import django.db.models.deletion
from django.db import migrations

import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0013_newest_alive"), ("kernel", "0004_events_held_in_sets")]

    operations = [
        migrations.RemoveIndex(model_name="contact", name="contact_address"),
        migrations.AlterField(
            model_name="contact",
            name="workspace",
            field=plainsail.kernel.models.SetWorkspaceKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contacts",
                to="kernel.workspace",
            ),
        ),
        plainsail.kernel.operations.HoldInSets(model="Contact"),
    ]
