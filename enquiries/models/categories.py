from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.TextChoices):
    """Those that mean something in code. What headquarters adds is a topic of one of them."""

    PAYMENT = "payment", _("I worked and was not paid")
    DEPLOYMENT = "deployment", _("My deployment or my letter")
    ATTENDANCE = "attendance", _("My attendance was marked wrongly")
    PROFILE = "profile", _("My profile or my number")
    APPEAL = "appeal", _("I am barred and ask that it be looked at again")
    OTHER = "other", _("Something else")
