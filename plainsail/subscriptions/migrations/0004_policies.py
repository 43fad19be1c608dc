"""The versions of what a business promises; the database refuses to change or delete one."""

import django.db.models.deletion
import plainsail.kernel.clock
import plainsail.kernel.ids
import plainsail.kernel.models
import plainsail.kernel.operations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0001_initial'),
        ('subscriptions', '0003_counted_charges'),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.UUIDField(default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ('kind', models.CharField(choices=[('refund', 'money back'), ('dunning', 'declined charges'), ('retention', 'data after the end')], max_length=10)),
                ('version', models.PositiveIntegerField()),
                ('text', models.JSONField()),
                ('by', models.CharField(blank=True, max_length=254)),
                ('made_at', models.DateTimeField()),
                ('back_to', models.PositiveIntegerField(null=True)),
                ('workspace', plainsail.kernel.models.WorkspaceKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='policy_versions', to='kernel.workspace')),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('workspace', 'id'), name='subscriptions_policyversion_tenant_key'), models.UniqueConstraint(fields=('workspace', 'kind', 'version'), name='policy_version_once')],
            },
        ),
        plainsail.kernel.operations.Isolate(
            model='PolicyVersion',
        ),
        migrations.RunSQL(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON subscriptions_policyversion '
            'FOR EACH ROW EXECUTE FUNCTION commerce_append_only()',
            'DROP TRIGGER append_only ON subscriptions_policyversion',
        ),
    ]
