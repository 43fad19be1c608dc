"""The record of visits, clicks and opens: partitioned by month, isolated by workspace, partitions made by the owner's function."""

from django.db import migrations

from plainsail.kernel.operations import isolate_sql

TABLE = """
CREATE TABLE tracking_hit (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    contact_id uuid,
    visitor_id uuid,
    delivery_id uuid,
    page_id uuid,
    path text NOT NULL DEFAULT '',
    url text NOT NULL DEFAULT '',
    referrer text NOT NULL DEFAULT '',
    agent text NOT NULL,
    reason text NOT NULL DEFAULT '',
    campaign jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX hit_kind ON tracking_hit (workspace_id, kind, at);
CREATE INDEX hit_contact ON tracking_hit (workspace_id, contact_id, at DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX hit_visitor ON tracking_hit (workspace_id, visitor_id, at) WHERE visitor_id IS NOT NULL;
CREATE INDEX hit_delivery ON tracking_hit (workspace_id, delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX hit_page ON tracking_hit (workspace_id, page_id, at) WHERE page_id IS NOT NULL;
"""

# The application may not make tables; this function, owned by the migrating role, makes just this one kind. A lock keeps
# two callers from making the same month. Nobody is granted the partition itself: access goes through the parent, where
# the policy is.
MAKE_MONTH = """
CREATE FUNCTION tracking_make_month(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    partition text := 'tracking_hit_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;
    END IF;
    IF first < date '2000-01-01' OR first >= date '2200-01-01' THEN
        RAISE EXCEPTION 'no partition for %', first;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tracking_make_month'));
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF tracking_hit FOR VALUES FROM (%L) TO (%L)',
            partition, first, (first + interval '1 month')::date
        );
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE tracking_hit"),
        migrations.RunSQL(isolate_sql("tracking_hit"), migrations.RunSQL.noop),
        migrations.RunSQL(MAKE_MONTH, "DROP FUNCTION tracking_make_month(date)"),
    ]
