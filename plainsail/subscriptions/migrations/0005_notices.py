"""Announcements of charges: when the next one of a contract falls due, what became of each, what a charge waits for."""

from django.db import migrations, models
from django.db.models import F, Q

import plainsail.kernel.clock


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial"), ("subscriptions", "0004_policies")]

    operations = [
        migrations.AddField(model_name="subscription", name="charge_from", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="subscription", name="notice_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="subscription", name="notice_for", field=models.DateTimeField(null=True)),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["workspace", "notice_at"], name="subscription_notice"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["workspace", "id"],
                condition=Q(renews_at__isnull=False) & (Q(notice_for=None) | ~Q(notice_for=F("renews_at"))),
                name="subscription_moved",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["workspace", "charge_from"],
                condition=Q(charge_from__isnull=False),
                name="subscription_held",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("trial", "end of the trial"),
                    ("trial_short", "end of a short trial"),
                    ("renewal", "renewal"),
                    ("renewal_soon", "renewal in three days"),
                    ("half_year", "reminder every six months"),
                    ("agreed", "agreed to by the customer"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(model_name="notice", name="sent_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="notice",
            name="written_at",
            field=models.DateTimeField(default=plainsail.kernel.clock.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="notice", name="attempts", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(model_name="notice", name="delivery_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["workspace", "written_at"], condition=Q(sent_at=None), name="notice_unsent"),
        ),
        # Contracts that run already may owe a letter before their next renewal: have every business look at once.
        migrations.RunSQL(
            "UPDATE kernel_due SET due_at = '2000-01-01' WHERE kind = 'subscriptions.contracts'",
            migrations.RunSQL.noop,
        ),
    ]
