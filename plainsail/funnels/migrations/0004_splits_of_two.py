"""The two pages of each split become rows."""

from django.db import migrations

# Where one role owns the tables and serves, the policies hold for migrations too: so one business after the other.
TAKE_OVER = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT id FROM kernel_workspace LOOP
        PERFORM set_config('plainsail.workspace', one::text, true);
        INSERT INTO funnels_splitpage (id, created_at, workspace_id, step_id, position, page_id, share)
        SELECT gen_random_uuid(), s.created_at, s.workspace_id, s.id, w.position, w.page_id, w.share
        FROM funnels_funnelstep s,
          LATERAL (VALUES (0, s.page_id, s.share), (1, s.other_page_id, 100 - s.share)) AS w (position, page_id, share)
        WHERE s.workspace_id = one AND s.kind = 'split';
        UPDATE funnels_funnelstep SET page_id = NULL WHERE workspace_id = one AND kind = 'split';
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("funnels", "0003_split_pages")]

    operations = [migrations.RunSQL([TAKE_OVER], migrations.RunSQL.noop)]
