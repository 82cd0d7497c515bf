import logging

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from sms import logs


class SmsConfig(AppConfig):
    name = "sms"
    verbose_name = _("Texts")

    def ready(self) -> None:
        for name in logs.LOGGERS:
            logging.getLogger(name).addFilter(logs.WithoutSecrets())
