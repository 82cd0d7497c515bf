from celery import shared_task

from deployments import letters, services


@shared_task
def render_letters() -> int:
    return letters.render_due()


@shared_task
def sweep_letters() -> int:
    return letters.sweep()


@shared_task
def remind_officers() -> int:
    return services.remind_due()


@shared_task
def fill_from_reserve() -> int:
    return services.refill_due()


@shared_task
def expire_offers() -> int:
    return services.expire_due()
