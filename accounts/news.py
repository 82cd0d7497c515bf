"""Which texts somebody may do without. All others come whatever they choose: without them nobody
could sign in, know where to serve, or notice that a stranger is at their account."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class News(models.TextChoices):
    VACANCIES = "vacancies", _("Vacancies that I asked to hear of, when they open")
    REMINDERS = "reminders", _("Reminders of what I still have to do")
    ANNOUNCEMENTS = "announcements", _("Announcements of KNEC to many at once")
