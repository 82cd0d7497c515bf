from celery import shared_task

from claims import ledger, runs


# A portion is a county's claims or some thousands of payments, and takes seconds.
@shared_task(time_limit=600)
def work_runs() -> int:
    return runs.work(seconds=20)


@shared_task
def check_ledger() -> int:
    return len(ledger.watch())
