from celery import shared_task

from cp2.limits import services


@shared_task
def tidy() -> int:
    return services.tidy()
