"""What the database itself refuses: unbalanced entries, and changes to what was booked, numbered or agreed to.

Erasing a business for good sets `plainsail.erasing` to `on` in its transaction.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION commerce_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outside text := coalesce(current_setting('plainsail.workspace', true), '');
BEGIN
  -- At the end of a transaction no workspace may be set any more; the policy needs one.
  PERFORM set_config('plainsail.workspace', NEW.workspace_id::text, true);
  IF EXISTS (
    SELECT 1 FROM commerce_posting
    WHERE workspace_id = NEW.workspace_id AND entry_id = NEW.entry_id
    GROUP BY currency HAVING sum(amount_minor) <> 0
  ) THEN
    RAISE EXCEPTION 'journal entry % does not balance', NEW.entry_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_balances';
  END IF;
  PERFORM set_config('plainsail.workspace', outside, true);
  RETURN NULL;
END $$;

CREATE FUNCTION commerce_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('plainsail.erasing', true), '') <> 'on' THEN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION commerce_invoice_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' OR coalesce(current_setting('plainsail.erasing', true), '') = 'on' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE' OR NEW.state = 'draft' OR
     (NEW.number, NEW.billing_account_id, NEW.order_id, NEW.mode, NEW.currency, NEW.rounding, NEW.net_minor,
      NEW.tax_minor, NEW.gross_minor, NEW.issued_at, NEW.due_on, NEW.document, NEW.document_hash)
     IS DISTINCT FROM
     (OLD.number, OLD.billing_account_id, OLD.order_id, OLD.mode, OLD.currency, OLD.rounding, OLD.net_minor,
      OLD.tax_minor, OLD.gross_minor, OLD.issued_at, OLD.due_on, OLD.document, OLD.document_hash) THEN
    RAISE EXCEPTION 'invoice % is final', OLD.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_is_final';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION commerce_invoice_line_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  line commerce_invoiceline := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
BEGIN
  IF coalesce(current_setting('plainsail.erasing', true), '') <> 'on'
     AND (SELECT state FROM commerce_invoice WHERE workspace_id = line.workspace_id AND id = line.invoice_id) <> 'draft' THEN
    IF TG_OP = 'UPDATE' THEN
      -- Only that a line no longer counts may be written down later.
      line.is_voided := NEW.is_voided;
    END IF;
    IF TG_OP <> 'UPDATE' OR line IS DISTINCT FROM NEW THEN
      RAISE EXCEPTION 'the lines of an invoice are final'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_line_is_final';
    END IF;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON commerce_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commerce_entry_balances();
CREATE TRIGGER invoice_is_final BEFORE UPDATE OR DELETE ON commerce_invoice
  FOR EACH ROW EXECUTE FUNCTION commerce_invoice_is_final();
CREATE TRIGGER invoice_line_is_final BEFORE INSERT OR UPDATE OR DELETE ON commerce_invoiceline
  FOR EACH ROW EXECUTE FUNCTION commerce_invoice_line_is_final();
"""

APPEND_ONLY = ["posting", "journalentry", "creditnote", "creditnoteline", "price", "consentrecord"]


class Migration(migrations.Migration):
    dependencies = [("commerce", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION commerce_entry_balances, commerce_append_only, commerce_invoice_is_final, "
            "commerce_invoice_line_is_final CASCADE",
        ),
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON commerce_{table} "
                "FOR EACH ROW EXECUTE FUNCTION commerce_append_only()",
                migrations.RunSQL.noop,
            )
            for table in APPEND_ONLY
        ],
    ]
