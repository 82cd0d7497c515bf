from celery import shared_task

from cp2.protection import retention, services


@shared_task
def begin_retention() -> bool:
    return retention.each_night()


@shared_task
def sweep_dossiers() -> int:
    return services.sweep()
