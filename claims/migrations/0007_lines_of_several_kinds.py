from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("claims", "0006_claims_of_merged_officers")]

    operations = [
        migrations.RemoveConstraint(model_name="claimline", name="line_adds_up"),
        migrations.RemoveConstraint(model_name="claimline", name="one_line_per_deployment"),
        migrations.RenameField(model_name="claimline", old_name="days", new_name="quantity"),
    ]
