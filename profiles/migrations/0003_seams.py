"""An account's branch is a branch of its bank."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("profiles", "0002_payee_and_certificates")]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE catalogue_bankbranch
               ADD CONSTRAINT branch_with_its_bank UNIQUE (id, bank_id)""",
            "ALTER TABLE catalogue_bankbranch DROP CONSTRAINT branch_with_its_bank",
        ),
        migrations.RunSQL(
            """ALTER TABLE profiles_bankaccount
               ADD CONSTRAINT branch_is_of_the_bank FOREIGN KEY (branch_id, bank_id)
               REFERENCES catalogue_bankbranch (id, bank_id)""",
            "ALTER TABLE profiles_bankaccount DROP CONSTRAINT branch_is_of_the_bank",
        ),
    ]
