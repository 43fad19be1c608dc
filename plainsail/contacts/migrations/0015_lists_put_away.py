"""Lists can be put away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0014_contacts_held_in_sets")]

    operations = [migrations.AddField(model_name="list", name="archived_at", field=models.DateTimeField(null=True))]
