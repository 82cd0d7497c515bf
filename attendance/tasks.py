from celery import shared_task

from attendance import counting, reminding, services


@shared_task
def find_second_looks() -> int:
    return services.find_due()


@shared_task
def remind_centres() -> int:
    return reminding.remind_due()


@shared_task
def count_days() -> int:
    return counting.count_due()
