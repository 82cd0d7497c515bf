from celery import shared_task

from cp2.picture import counting


@shared_task
def count_figures() -> int:
    return counting.count_due()
