from celery import signals
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HealthConfig(AppConfig):
    name = "cp2.health"
    verbose_name = _("Health")

    def ready(self) -> None:
        from cp2.health import logs, meters, pulse, tallies

        signals.task_prerun.connect(logs.begin_task, dispatch_uid="cp2.health.logs")
        signals.task_postrun.connect(logs.end_task, dispatch_uid="cp2.health.logs")
        meters.listen()
        pulse.listen()
        tallies.listen()
