"""Contacts belong to a business by a check of each statement.

An index goes that nothing but a restore ever read, and that of the newest is turned around: it takes half the room.
"""

import django.db.models.deletion
from django.db import migrations, models

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
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["workspace", "created_at", "id"], include=["deleted_at"], name="contact_came"),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_newest_alive"),
    ]
