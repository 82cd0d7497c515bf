from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OpeningConfig(AppConfig):
    name = "cp2.opening"
    verbose_name = _("Opening a season")
