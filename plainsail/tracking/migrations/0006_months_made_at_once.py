"""Who waited while somebody else made a month sees that it is there.

A name that was looked up and not found is remembered, and waiting for the lock doesn't make PostgreSQL look again: so the
second of two at once tried to make the month once more. The catalogue is asked instead.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

MAKE_MONTH = """
CREATE OR REPLACE FUNCTION tracking_make_month(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
    IF NOT EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'public'::regnamespace) THEN
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF tracking_hit FOR VALUES FROM (%L) TO (%L)',
            partition, first, (first + interval '1 month')::date
        );
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("tracking", "0005_hits_by_agent")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(MAKE_MONTH, migrations.RunSQL.noop)]
