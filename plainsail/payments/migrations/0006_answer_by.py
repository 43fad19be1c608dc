from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_accepted_disputes")]

    operations = [migrations.AddField(model_name="dispute", name="answer_by", field=models.DateTimeField(null=True))]
