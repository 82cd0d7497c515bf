from celery import shared_task

from profiles import numbers


@shared_task
def tidy_number_changes() -> int:
    return numbers.tidy()
