from celery import shared_task

from cp2.broadcasts import report


@shared_task
def make_reports() -> int:
    return report.make_due()
