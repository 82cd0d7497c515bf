from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TransfersConfig(AppConfig):
    name = "cp2.transfers"
    verbose_name = _("In and out")
