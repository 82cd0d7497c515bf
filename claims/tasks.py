from celery import shared_task

from accounts.running import LONGEST
from claims import holds, ledger, runs, services
from claims.ghosts import finding
from claims.money import counting
from claims.services import exporting, preparing


# A portion is a county's claims or some thousands of payments, and takes seconds.
@shared_task(time_limit=LONGEST.seconds)
def work_runs() -> int:
    return runs.work(seconds=20)


@shared_task
def count_money() -> int:
    return counting.count_due()


@shared_task
def look_at_holds() -> int:
    return holds.look_again()


@shared_task
def tell_of_holds() -> int:
    return services.tell_due()


@shared_task
def look_for_ghosts() -> int:
    return finding.ask_at_night()


@shared_task
def prepare_again() -> int:
    return preparing.prepare_again()


@shared_task
def sweep_batch_files() -> int:
    return exporting.sweep_files()


@shared_task
def check_ledger() -> int:
    return len(ledger.watch())
