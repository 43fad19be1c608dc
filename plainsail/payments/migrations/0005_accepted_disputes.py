from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_failed_refunds'),
    ]

    operations = [
        migrations.AddField(
            model_name='dispute',
            name='accepted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(condition=models.Q(('accepted_at__isnull', False), ('state', 'open')), fields=['workspace', 'created_at'], name='disputes_to_accept'),
        ),
    ]
