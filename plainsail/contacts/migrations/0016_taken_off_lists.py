"""Whom the business took off a list is told from those who left it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0015_lists_put_away")]

    operations = [
        migrations.AddField(
            model_name="listmember",
            name="taken_from",
            field=models.CharField(
                blank=True,
                choices=[
                    ("pending", "waiting for confirmation"),
                    ("subscribed", "subscribed"),
                    ("unsubscribed", "unsubscribed"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="consententry",
            name="act",
            field=models.CharField(
                choices=[
                    ("asked", "asked to join"),
                    ("confirmed", "confirmed"),
                    ("withdrawn", "unsubscribed"),
                    ("imported", "imported with a stated basis"),
                    ("taken_off", "taken off by the business"),
                    ("put_back", "put back by the business"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="bulkaction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("tag", "Put a tag on"),
                    ("untag", "Take a tag off"),
                    ("join", "Put on a list"),
                    ("leave", "Take off a list"),
                    ("score", "Give or take points"),
                    ("delete", "Delete"),
                    ("restore", "Restore"),
                ],
                max_length=8,
            ),
        ),
    ]
