from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("profiles", "0007_certificates_are_papers")]

    operations = [
        migrations.RemoveField(model_name="qualification", name="certificate_file"),
        migrations.RemoveField(model_name="qualification", name="certificate_name"),
        migrations.RemoveField(model_name="qualification", name="certificate_type"),
    ]
