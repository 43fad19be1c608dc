"""A series of numbers remembers the moment of its last one, so that moments ascend with the numbers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0002_guards")]

    operations = [
        migrations.AddField(model_name="numberseries", name="last_at", field=models.DateTimeField(null=True)),
    ]
