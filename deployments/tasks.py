from celery import shared_task

from deployments import letters, packs, services
from deployments.fairness import runs as fairness


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


@shared_task
def recount_posts() -> int:
    return services.recount_due()


@shared_task
def make_letter_packs() -> int:
    return packs.work()


@shared_task
def tidy_letter_packs() -> int:
    return packs.tidy()


# A part of an allocation is a sub-county's and takes seconds, the nation's second round a minute.
@shared_task(time_limit=600)
def allocate() -> int:
    from deployments.allocation.worker import work  # the solver is large; web processes need none

    return work(seconds=20)


# The nation's takes half a minute on a small machine; a worker beyond that is stuck.
@shared_task(time_limit=300)
def count_fairness() -> bool:
    return fairness.work()
