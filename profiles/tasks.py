from celery import shared_task

from profiles import numbers, registers


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
