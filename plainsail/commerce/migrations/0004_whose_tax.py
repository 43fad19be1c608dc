"""Whose tax a sale bears: VAT ids and what VIES said of them, rates by country, and drafts that wait for its answer."""

import django.db.models.deletion
import plainsail.kernel.clock
import plainsail.kernel.ids
import plainsail.kernel.models
import plainsail.kernel.operations
from django.db import migrations, models


FINAL = """
CREATE OR REPLACE FUNCTION commerce_invoice_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' OR coalesce(current_setting('plainsail.erasing', true), '') = 'on' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE' OR NEW.state = 'draft' OR
     (NEW.number, NEW.billing_account_id, NEW.order_id, NEW.mode, NEW.currency, NEW.rounding, NEW.net_minor,
      NEW.tax_minor, NEW.gross_minor, NEW.issued_at, NEW.due_on, NEW.document, NEW.document_hash{more_new})
     IS DISTINCT FROM
     (OLD.number, OLD.billing_account_id, OLD.order_id, OLD.mode, OLD.currency, OLD.rounding, OLD.net_minor,
      OLD.tax_minor, OLD.gross_minor, OLD.issued_at, OLD.due_on, OLD.document, OLD.document_hash{more_old}) THEN
    RAISE EXCEPTION 'invoice % is final', OLD.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_is_final';
  END IF;
  RETURN NEW;
END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0003_series_moment'),
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='invoice',
            name='buyer',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='invoice',
            name='is_waiting',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='list_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='tax_country',
            field=models.CharField(blank=True, max_length=2),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='tax_kind',
            field=models.CharField(blank=True, max_length=15),
        ),
        migrations.AddField(
            model_name='order',
            name='vat_check',
            field=models.CharField(blank=True, choices=[('valid', 'valid'), ('invalid', 'not valid'), ('pending', 'not checked yet')], max_length=7),
        ),
        migrations.AddField(
            model_name='order',
            name='vat_id',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='product',
            name='supply',
            field=models.CharField(choices=[('online', 'online: courses, downloads, memberships'), ('local', 'at a place: workshops, events, stays'), ('goods', 'goods that are sent')], default='online', max_length=6, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='seller',
            name='has_oss',
            field=models.BooleanField(default=False, verbose_name='registered for the One-Stop-Shop'),
        ),
        migrations.AddField(
            model_name='seller',
            name='vat_id',
            field=models.CharField(blank=True, max_length=16, verbose_name='VAT id'),
        ),
        migrations.AlterField(
            model_name='seller',
            name='rounding',
            field=models.CharField(choices=[('by_buyer', 'as fits the buyer'), ('line', 'each line on its own'), ('sum_by_net', 'on the sum of net amounts'), ('sum_by_net_keep_gross', 'on the sum, keeping the prices shown')], default='by_buyer', max_length=24, verbose_name='rounding of tax'),
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.UUIDField(default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ('country', models.CharField(max_length=2)),
                ('rate', models.DecimalField(decimal_places=3, max_digits=6)),
                ('workspace', plainsail.kernel.models.WorkspaceKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='tax_rates', to='kernel.workspace')),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('workspace', 'id'), name='commerce_taxrate_tenant_key'), models.UniqueConstraint(fields=('workspace', 'country'), name='tax_rate_once_a_country'), models.CheckConstraint(condition=models.Q(('rate__gte', 0), ('rate__lte', 100)), name='tax_rate_is_a_part')],
            },
        ),
        migrations.CreateModel(
            name='VatCheck',
            fields=[
                ('id', models.UUIDField(default=plainsail.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=plainsail.kernel.clock.now, editable=False)),
                ('vat_id', models.CharField(max_length=16)),
                ('asked_by', models.CharField(blank=True, max_length=16)),
                ('answer', models.CharField(choices=[('valid', 'valid'), ('invalid', 'not valid'), ('pending', 'not checked yet')], max_length=7)),
                ('consultation', models.CharField(blank=True, max_length=60)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('address', models.CharField(blank=True, max_length=400)),
                ('fault', models.CharField(blank=True, max_length=60)),
                ('at', models.DateTimeField()),
                ('workspace', plainsail.kernel.models.WorkspaceKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='vat_checks', to='kernel.workspace')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['workspace', 'vat_id', '-at'], name='vat_checks_of_id')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'id'), name='commerce_vatcheck_tenant_key')],
            },
        ),
        plainsail.kernel.operations.Isolate(
            model='TaxRate',
        ),
        plainsail.kernel.operations.Isolate(
            model='VatCheck',
        ),
        migrations.RunSQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON commerce_vatcheck "
            "FOR EACH ROW EXECUTE FUNCTION commerce_append_only()",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            FINAL.replace("{more_new}", ", NEW.buyer, NEW.is_waiting").replace("{more_old}", ", OLD.buyer, OLD.is_waiting"),
            FINAL.replace("{more_new}", "").replace("{more_old}", ""),
        ),
    ]
