"""When contacts last changed stands in a narrow table of its own, so that tagging many doesn't write their rows anew."""

import django.db.models.deletion
from django.db import migrations, models

import plainsail.kernel.models
import plainsail.kernel.operations

FILL = """
INSERT INTO contacts_lastchange (id, workspace_id, at) SELECT id, workspace_id, updated_at FROM contacts_contact ORDER BY id
"""

# Made and taken away with the contact, and moved with what its row says of itself, whoever writes that.
KEEP = """
CREATE FUNCTION contacts_begin_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO contacts_lastchange (id, workspace_id, at) SELECT id, workspace_id, updated_at FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_begin_changes AFTER INSERT ON contacts_contact REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION contacts_begin_changes();
CREATE FUNCTION contacts_end_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM contacts_lastchange l USING old_rows o WHERE l.workspace_id = o.workspace_id AND l.id = o.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_end_changes AFTER DELETE ON contacts_contact REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION contacts_end_changes();
CREATE FUNCTION contacts_note_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE contacts_lastchange SET at = NEW.updated_at WHERE workspace_id = NEW.workspace_id AND id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_note_change AFTER UPDATE OF updated_at ON contacts_contact FOR EACH ROW
WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at) EXECUTE FUNCTION contacts_note_change();
"""
FORGET = """
DROP FUNCTION contacts_begin_changes() CASCADE;
DROP FUNCTION contacts_end_changes() CASCADE;
DROP FUNCTION contacts_note_change() CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0016_taken_off_lists"), ("kernel", "0004_events_held_in_sets")]

    operations = [
        migrations.CreateModel(
            name="LastChange",
            fields=[
                (
                    "contact",
                    plainsail.kernel.models.SetTiedOneToOneField(
                        db_column="id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="last_change",
                        serialize=False,
                        to="contacts.contact",
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "workspace",
                    plainsail.kernel.models.WorkspaceKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="last_changes",
                        to="kernel.workspace",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="lastchange",
            index=models.Index(fields=["workspace", "at", "contact"], name="contact_changed"),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_updated"),
        plainsail.kernel.operations.Isolate(model="LastChange"),
        plainsail.kernel.operations.TieInSets(model="LastChange", field="contact"),
        migrations.RunSQL(KEEP, FORGET),
        plainsail.kernel.operations.TieAnew(model="ContactTag", field="contact"),
        plainsail.kernel.operations.TieAnew(model="ContactTag", field="tag"),
        plainsail.kernel.operations.TieAnew(model="FieldValue", field="contact"),
        plainsail.kernel.operations.TieAnew(model="FieldValue", field="field"),
        plainsail.kernel.operations.TieAnew(model="ImportedContact", field="origin"),
    ]
