from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProtectionConfig(AppConfig):
    name = "cp2.protection"
    verbose_name = _("Data protection")
