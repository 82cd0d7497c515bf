from celery import shared_task

from profiles import numbers, papers, registers


@shared_task
def tidy_number_changes() -> int:
    return numbers.tidy()


# Twice as long as the largest file has taken on a small machine; a worker beyond that is stuck.
@shared_task(time_limit=600)
def import_registers() -> bool:
    return registers.work()


@shared_task
def tidy_register_imports() -> int:
    return registers.tidy_previews()


@shared_task
def scan_papers() -> int:
    return papers.scan_due()


@shared_task
def sweep_papers() -> int:
    return papers.sweep()
