"""When contacts were last sent a mail, made up once from the ledger."""

from django.db import migrations

# Where one role owns the tables and serves, the policies hold for migrations too: so one business after the other.
GATHER = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT id FROM kernel_workspace LOOP
        PERFORM set_config('plainsail.workspace', one::text, true);
        INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, sent_at)
        SELECT gen_random_uuid(), max(d.settled_at), d.workspace_id, d.contact_id, max(d.settled_at)
        FROM mail_delivery d JOIN contacts_contact c ON c.id = d.contact_id AND c.workspace_id = d.workspace_id
        WHERE d.workspace_id = one AND d.state = 'accepted' AND d.settled_at IS NOT NULL
        GROUP BY d.workspace_id, d.contact_id
        ON CONFLICT (workspace_id, contact_id) DO UPDATE SET sent_at = EXCLUDED.sent_at;
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0001_initial"),
        ("contacts", "0004_segments"),
    ]

    operations = [migrations.RunSQL([GATHER], migrations.RunSQL.noop)]
