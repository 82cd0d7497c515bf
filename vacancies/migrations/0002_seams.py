"""An application is for the exam of its vacancy, and the database says so."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vacancies", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE vacancies_vacancy
                ADD CONSTRAINT vacancy_with_its_exam UNIQUE (id, exam_id);
            ALTER TABLE vacancies_application
                ADD CONSTRAINT application_is_for_its_vacancys_exam
                FOREIGN KEY (vacancy_id, exam_id) REFERENCES vacancies_vacancy (id, exam_id);
            """,
            """
            ALTER TABLE vacancies_application
                DROP CONSTRAINT application_is_for_its_vacancys_exam;
            ALTER TABLE vacancies_vacancy DROP CONSTRAINT vacancy_with_its_exam;
            """,
        ),
    ]
