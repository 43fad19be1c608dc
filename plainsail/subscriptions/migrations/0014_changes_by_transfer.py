"""Changes of a plan that wait for a bank transfer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0013_late_charges")]

    operations = [
        migrations.AddField(model_name="planchange", name="lapses_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="planchange", name="carried", field=models.JSONField(null=True)),
        migrations.AddIndex(
            model_name="planchange",
            index=models.Index(
                fields=["workspace", "lapses_at"], condition=models.Q(state="open"), name="change_lapsing"
            ),
        ),
    ]
