"""Page views land in bundles: many lines in one row, stored as they are, for compressing them costs more than writing."""

from django.db import migrations, models

import plainsail.kernel.ids

PLAIN = "ALTER TABLE tracking_viewbundle ALTER COLUMN lines SET STORAGE EXTERNAL"


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0002_hits_by_month"),
    ]

    operations = [
        migrations.CreateModel(
            name="ViewBundle",
            fields=[
                ("id", models.UUIDField(default=plainsail.kernel.ids.new_id, primary_key=True, serialize=False)),
                ("lines", models.TextField()),
            ],
        ),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
    ]
