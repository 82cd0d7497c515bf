from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HealthConfig(AppConfig):
    name = "cp2.health"
    verbose_name = _("Health")

    def ready(self) -> None:
        from cp2.health import meters, pulse, tallies

        meters.listen()
        pulse.listen()
        tallies.listen()
