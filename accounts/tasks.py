from celery import shared_task

from accounts.sessions import SessionStore


@shared_task
def tidy() -> None:
    SessionStore.clear_expired()
