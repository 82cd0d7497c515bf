from celery import shared_task

from attendance import services


@shared_task
def find_second_looks() -> int:
    return services.find_due()
