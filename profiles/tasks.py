from celery import shared_task

from profiles import numbers, papers


@shared_task
def tidy_number_changes() -> int:
    return numbers.tidy()


@shared_task
def scan_papers() -> int:
    return papers.scan_due()


@shared_task
def sweep_papers() -> int:
    return papers.sweep()
