"""A dunning case remembers every declined charge that it counted, not the last one only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_guards")]

    operations = [
        migrations.RemoveField(model_name="dunningcase", name="last_charge_id"),
        migrations.AddField(model_name="dunningcase", name="counted", field=models.JSONField(default=list)),
    ]
