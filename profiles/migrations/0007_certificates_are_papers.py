"""Each certificate becomes a paper, and who is vetted learns since when."""

from django.db import migrations

CERTIFICATES = """
INSERT INTO profiles_paper (officer_id, kind, qualification_id, file, name, type, status)
SELECT officer_id, 'certificate', id, certificate, certificate_name, certificate_type,
    'unscanned'
FROM profiles_qualification WHERE certificate <> '' ORDER BY id
"""

BACK = """
UPDATE profiles_qualification SET certificate = file, certificate_name = name,
    certificate_type = type
FROM profiles_paper
WHERE qualification_id = profiles_qualification.id AND file <> ''
"""

SINCE_WHEN = """
UPDATE profiles_officer SET vetted_at = entry.at
FROM (
    SELECT subject_id, max(at) AS at FROM accounts_entry
    WHERE subject_type = 'profiles.officer' AND verb = 'officer.vetted' GROUP BY subject_id
) entry
WHERE entry.subject_id = profiles_officer.id AND vetting = 'vetted'
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0006_papers"), ("accounts", "0002_append_only")]

    operations = [
        migrations.RunSQL(CERTIFICATES, BACK),
        migrations.RunSQL(SINCE_WHEN, migrations.RunSQL.noop),
    ]
