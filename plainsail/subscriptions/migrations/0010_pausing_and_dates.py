"""Contracts that rest until a day, that run until a day asked for, and whose next charge was moved to another."""

import django.db.models.deletion
import plainsail.kernel.clock
import plainsail.kernel.ids
import plainsail.kernel.models
import plainsail.kernel.operations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0005_order_lapses'),
        ('kernel', '0001_initial'),
        ('subscriptions', '0009_price_shapes'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='is_charged_to_end',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='resumes_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('trial', 'end of the trial'), ('trial_short', 'end of a short trial'), ('renewal', 'renewal'), ('renewal_soon', 'renewal in three days'), ('half_year', 'reminder every six months'), ('resuming', 'end of a pause'), ('agreed', 'agreed to by the customer')], max_length=30),
        ),
        migrations.AlterField(
            model_name='policyversion',
            name='kind',
            field=models.CharField(choices=[('refund', 'money back'), ('dunning', 'declined charges'), ('retention', 'data after the end'), ('pausing', 'pauses and dates')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('resumes_at__isnull', False)), fields=['workspace', 'resumes_at'], name='subscription_resumption'),
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.UUIDField(default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ('by', models.CharField(choices=[('customer', 'the customer'), ('staff', 'staff')], max_length=8)),
                ('resumes_on', models.DateField(null=True)),
                ('shown_minor', models.BigIntegerField(null=True)),
                ('asked_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('consent', plainsail.kernel.models.TiedForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pauses', to='commerce.consentrecord')),
                ('subscription', plainsail.kernel.models.TiedForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='subscriptions.subscription')),
                ('workspace', plainsail.kernel.models.WorkspaceKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='kernel.workspace')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['workspace', 'subscription'], name='pause_of')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'id'), name='subscriptions_pause_tenant_key'), models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('workspace', 'subscription'), name='pause_one_at_a_time')],
            },
        ),
        plainsail.kernel.operations.Isolate(
            model='Pause',
        ),
        plainsail.kernel.operations.Tie(
            model='Pause',
            field='consent',
        ),
        plainsail.kernel.operations.Tie(
            model='Pause',
            field='subscription',
        ),
        migrations.CreateModel(
            name='DateMove',
            fields=[
                ('id', models.UUIDField(default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ('by', models.CharField(choices=[('customer', 'the customer'), ('staff', 'staff')], max_length=8)),
                ('from_on', models.DateField()),
                ('to_on', models.DateField()),
                ('days', models.CharField(choices=[('given', 'given'), ('charged', 'charged for themselves'), ('credited', 'paid back')], max_length=8)),
                ('old_anchor_on', models.DateField()),
                ('quote', models.JSONField()),
                ('asked_at', models.DateTimeField()),
                ('consent', plainsail.kernel.models.TiedForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='date_moves', to='commerce.consentrecord')),
                ('subscription', plainsail.kernel.models.TiedForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='date_moves', to='subscriptions.subscription')),
                ('workspace', plainsail.kernel.models.WorkspaceKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='date_moves', to='kernel.workspace')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['workspace', 'subscription'], name='date_move_of')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'id'), name='subscriptions_datemove_tenant_key'), models.CheckConstraint(condition=models.Q(('from_on', models.F('to_on')), _negated=True), name='date_move_moves')],
            },
        ),
        plainsail.kernel.operations.Isolate(
            model='DateMove',
        ),
        plainsail.kernel.operations.Tie(
            model='DateMove',
            field='consent',
        ),
        plainsail.kernel.operations.Tie(
            model='DateMove',
            field='subscription',
        ),
    ]
