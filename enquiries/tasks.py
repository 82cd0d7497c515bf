from celery import shared_task

from enquiries import attachments, escalating


@shared_task
def escalate() -> int:
    return escalating.escalate_due()


@shared_task
def scan_attachments() -> int:
    return attachments.scan_due()


@shared_task
def tidy_attachments() -> int:
    return attachments.expire() + attachments.sweep()
