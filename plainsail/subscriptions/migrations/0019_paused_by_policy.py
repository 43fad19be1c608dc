from django.db import migrations, models

BY = [
    ("customer", "the customer"),
    ("staff", "staff"),
    ("policy", "the policy, because nobody paid"),
]


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0018_settled_requests")]

    operations = [
        migrations.AlterField(
            model_name="pause", name="by", field=models.CharField(choices=BY, max_length=8)
        ),
        migrations.AlterField(
            model_name="datemove", name="by", field=models.CharField(choices=BY, max_length=8)
        ),
    ]
