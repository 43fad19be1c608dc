from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0010_amazon_ses'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='put_off_since',
            field=models.DateTimeField(null=True),
        ),
    ]
