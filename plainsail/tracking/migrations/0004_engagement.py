"""When contacts last opened, clicked and came by, made up once from what was recorded before it was kept beside them."""

from django.db import migrations

# Where one role owns the tables and serves, the policies hold for migrations too: so one business after the other.
GATHER = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT id FROM kernel_workspace LOOP
        PERFORM set_config('plainsail.workspace', one::text, true);
        INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, opened_at, clicked_at, visited_at)
        SELECT gen_random_uuid(), max(h.at), h.workspace_id, h.contact_id, max(h.at) FILTER (WHERE h.kind = 'open'),
               max(h.at) FILTER (WHERE h.kind = 'click'), max(h.at) FILTER (WHERE h.kind = 'visit')
        FROM tracking_hit h JOIN contacts_contact c ON c.id = h.contact_id AND c.workspace_id = h.workspace_id
        WHERE h.workspace_id = one AND h.agent = 'human' AND h.kind IN ('open', 'click', 'visit')
        GROUP BY h.workspace_id, h.contact_id
        ON CONFLICT (workspace_id, contact_id) DO UPDATE SET
            opened_at = EXCLUDED.opened_at, clicked_at = EXCLUDED.clicked_at, visited_at = EXCLUDED.visited_at;
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0003_viewbundle"),
        ("contacts", "0004_segments"),
    ]

    operations = [migrations.RunSQL([GATHER], migrations.RunSQL.noop)]
