from celery import shared_task

from accounts.running import LONGEST
from cp2.runs import services


# A portion may read or write some hundred thousand lines.
@shared_task(time_limit=LONGEST.seconds)
def work_runs() -> int:
    return services.work(seconds=20)
