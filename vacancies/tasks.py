from celery import shared_task

from vacancies import opened


@shared_task
def tell_of_opened() -> int:
    return opened.tell_while_due()
