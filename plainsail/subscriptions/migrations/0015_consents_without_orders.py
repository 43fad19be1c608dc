"""What was agreed to where no order began a contract: a business took a plan of this installation."""

import django.db.models.deletion
from django.db import migrations

import plainsail.kernel.models
import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0014_changes_by_transfer")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="consent",
            field=plainsail.kernel.models.TiedForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contracts",
                to="commerce.consentrecord",
            ),
        ),
        plainsail.kernel.operations.Tie(model="Subscription", field="consent"),
    ]
