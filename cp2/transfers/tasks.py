from celery import shared_task

from cp2.transfers import exporting, importing


@shared_task
def tidy() -> int:
    return importing.tidy() + exporting.tidy()
