from django.db import models
from django.utils.translation import gettext_lazy as _


class DeploymentStatus(models.TextChoices):
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    MOVED = "moved", _("Moved")


LIVE = [DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED]
# A moved deployment keeps the days it covered, so it still holds its officer and slot for those.
HOLDS_ITS_DAYS = [*LIVE, DeploymentStatus.MOVED]

# The position whose holder a centre's texts and letters name: a word of KNEC's letters, not a rule.
MANAGES_THE_CENTRE = "CM"
