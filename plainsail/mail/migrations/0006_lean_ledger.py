import django.db.models.deletion
import plainsail.kernel.models
import plainsail.kernel.operations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0005_composer'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='delivery',
            name='mail_delivery_edition',
        ),
        migrations.AlterField(
            model_name='delivery',
            name='edition',
            field=plainsail.kernel.models.SetTiedForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='mail.edition'),
        ),
        plainsail.kernel.operations.TieInSets(
            model='delivery',
            field='edition',
        ),
    ]
