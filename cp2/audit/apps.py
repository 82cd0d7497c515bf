from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "cp2.audit"
    label = "audit"
    verbose_name = _("Who did what")

    def ready(self) -> None:
        from cp2.audit import context

        context.follow_tasks()
        context.follow_command()
