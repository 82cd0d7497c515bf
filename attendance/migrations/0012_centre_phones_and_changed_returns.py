"""Phones that mark by text; and a signed return hears of each mark that is made or changed after
it, whoever does so: its paper no longer says what the portal says."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


CHANGES = """
CREATE FUNCTION return_learns_of_new_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM attendance_registerreturn) THEN
        UPDATE attendance_registerreturn signed SET marks_changed_at = clock_timestamp()
        FROM (
            SELECT DISTINCT entry.id
            FROM made
            JOIN deployments_deployment deployment ON deployment.id = made.deployment_id
            JOIN deployments_post post ON post.id = deployment.post_id
            JOIN catalogue_centreentry entry
                ON entry.exam_id = post.exam_id AND entry.station_id = post.station_id
        ) touched
        WHERE signed.entry_id = touched.id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION return_learns_of_changed_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attendance_registerreturn signed SET marks_changed_at = clock_timestamp()
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id
    JOIN catalogue_centreentry entry
        ON entry.exam_id = post.exam_id AND entry.station_id = post.station_id
    WHERE deployment.id = NEW.deployment_id AND signed.entry_id = entry.id;
    RETURN NULL;
END $$;
CREATE TRIGGER return_learns_of_new_marks AFTER INSERT ON attendance_mark
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT
    EXECUTE FUNCTION return_learns_of_new_marks();
CREATE TRIGGER return_learns_of_changed_mark AFTER UPDATE OF status ON attendance_mark
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION return_learns_of_changed_mark();
"""

UNDO = """
DROP TRIGGER return_learns_of_new_marks ON attendance_mark;
DROP TRIGGER return_learns_of_changed_mark ON attendance_mark;
DROP FUNCTION return_learns_of_new_marks;
DROP FUNCTION return_learns_of_changed_mark;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0011_reminders_and_counts'),
        ('catalogue', '0008_days_papers_and_cut_offs'),
    ]

    operations = [
        migrations.AddField(
            model_name='registerreturn',
            name='marks_changed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='marks changed'),
        ),
        migrations.CreateModel(
            name='CentrePhone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(blank=True, max_length=12, verbose_name='phone')),
                ('code_hash', models.CharField(blank=True, max_length=64, verbose_name='code, hashed')),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='code asked for')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='confirmed')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phones', to='catalogue.centreentry', verbose_name='centre')),
            ],
            options={
                'verbose_name': "centre's phone",
                'verbose_name_plural': "centres' phones",
                'ordering': ['confirmed_at', 'pk'],
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['phone'], name='centres_of_a_phone')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('phone', ''), _negated=True), fields=('entry', 'phone'), name='centre_has_a_phone_once'), models.UniqueConstraint(condition=models.Q(('phone', '')), fields=('entry',), name='one_code_waits_per_centre'), models.UniqueConstraint(condition=models.Q(('code_hash', ''), _negated=True), fields=('code_hash',), name='code_is_of_one_centre'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('phone', ''), models.Q(('code_hash', ''), _negated=True)), models.Q(models.Q(('phone', ''), _negated=True), ('code_hash', ''), ('confirmed_at__isnull', False)), _connector='OR'), name='centre_phone_is_proven')],
            },
        ),
        migrations.RunSQL(CHANGES, UNDO),
    ]
