"""What people did, and when, is counted from an index alone: it says of each hit whether a person or a program made it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_engagement")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE INDEX hit_kind_agent ON tracking_hit (workspace_id, kind, agent, at)",
                "DROP INDEX hit_kind",
            ],
            [
                "CREATE INDEX hit_kind ON tracking_hit (workspace_id, kind, at)",
                "DROP INDEX hit_kind_agent",
            ],
        )
    ]
