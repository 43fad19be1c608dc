"""Who came when is counted from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0012_tallies")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                fields=["workspace", "-created_at", "-id"], include=["deleted_at"], name="contact_newest_alive"
            ),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_newest"),
    ]
