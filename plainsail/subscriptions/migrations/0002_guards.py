"""Declarations, what was promised on them, and their taking back are evidence: the database refuses to change or delete them."""

from django.db import migrations

TABLES = ("cancellationrequest", "cancellationquote", "cancellation", "cancellationundo")


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial"), ("commerce", "0002_guards")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON subscriptions_{table} "
            "FOR EACH ROW EXECUTE FUNCTION commerce_append_only()",
            f"DROP TRIGGER append_only ON subscriptions_{table}",
        )
        for table in TABLES
    ]
