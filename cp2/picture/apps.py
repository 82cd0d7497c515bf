from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PictureConfig(AppConfig):
    name = "cp2.picture"
    label = "picture"
    verbose_name = _("The season's picture")
