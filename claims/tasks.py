from celery import shared_task

from claims import holds, services


@shared_task
def look_at_holds() -> int:
    return holds.look_again()


@shared_task
def tell_of_holds() -> int:
    return services.tell_due()
