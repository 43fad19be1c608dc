"""What said the two pages of a split, before they were rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnels", "0004_splits_of_two")]

    operations = [
        migrations.RemoveConstraint(model_name="funnelstep", name="funnels_step_share"),
        migrations.RemoveField(model_name="funnelstep", name="other_page"),
        migrations.RemoveField(model_name="funnelstep", name="share"),
    ]
