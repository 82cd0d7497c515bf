from celery import shared_task

from sms import services
from sms.models import Kind


@shared_task
def send_credentials() -> int:
    services.beat("worker")
    return services.send_while_due(Kind.CREDENTIALS)


@shared_task
def send_texts() -> int:
    return services.send_while_due(Kind.NOTICE)


@shared_task
def send_bulk() -> int:
    """Once: the meter gives the rest to the next tick, and its texts a common call."""
    return services.send_due(Kind.BULK)


@shared_task
def read_inbox() -> int:
    return services.read_inbox() + services.match_receipts()


@shared_task
def give_up_receipts() -> int:
    return services.give_up_receipts()


@shared_task
def sweep() -> int:
    return services.sweep()
