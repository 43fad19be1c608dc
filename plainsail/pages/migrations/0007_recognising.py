from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pages", "0006_live")]

    operations = [
        migrations.AddField(
            model_name="site",
            name="asks_to_recognise",
            field=models.BooleanField(default=False),
        ),
    ]
