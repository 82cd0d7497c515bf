"""The secrets in the paths of the gateway's callbacks stay out of every log."""

import logging
import re

SECRET = re.compile(r"(/sms/(?:inbound|delivery)/)[^/\s\"']+")
# They have handlers of their own, or may get some: what passes here is masked for all of them.
LOGGERS = ["django.request", "django.server", "gunicorn.access", "gunicorn.error"]


class WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        try:
            said = record.getMessage()
        except (TypeError, ValueError):  # logging itself complains of it, later
            return True
        if (masked := SECRET.sub(r"\1-", said)) != said:
            record.msg, record.args = masked, None
        return True
