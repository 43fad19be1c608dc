"""What a delivery belongs to is asked again only where that changes, not each time its state does."""

from django.db import migrations

import plainsail.kernel.operations


class Migration(migrations.Migration):
    dependencies = [("mail", "0012_gate_of_mails")]

    operations = [plainsail.kernel.operations.TieAnew(model="Delivery", field="edition")]
