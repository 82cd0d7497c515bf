from celery import shared_task

from attendance import counting, reminding


@shared_task
def remind_centres() -> int:
    return reminding.remind_due()


@shared_task
def count_days() -> int:
    return counting.count_due()
