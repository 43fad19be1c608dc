"""Charges that weren't taken while the server was away, and that wait for staff."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0012_price_rises")]

    operations = [
        migrations.AddField(model_name="dunningcase", name="late_for", field=models.DateTimeField(null=True)),
        migrations.AddIndex(
            model_name="dunningcase",
            index=models.Index(
                fields=["workspace", "late_for"],
                condition=models.Q(late_for__isnull=False),
                name="dunning_late",
            ),
        ),
    ]
