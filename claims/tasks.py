from celery import shared_task

from claims import runs
from claims.services.preparing import prepare_again as start_again


# A portion is a county's claims or some thousands of payments, and takes seconds.
@shared_task(time_limit=600)
def work_runs() -> int:
    return runs.work(seconds=20)


@shared_task
def prepare_again() -> int:
    return start_again()
