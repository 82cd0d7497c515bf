"""The worker's side: a row is the promise, a task the hands, beat the pulse."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings")

app = Celery("cp2")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
