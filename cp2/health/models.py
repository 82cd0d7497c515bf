"""What workers count: rows, since workers run on any machine and answer nobody's questions."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Tally(models.Model):
    """How often something has happened since the portal was first started, or what it added up
    to. `label` tells what from what: a gateway's answer, a task and how it ended."""

    name = models.CharField(_("name"), max_length=40)
    label = models.CharField(_("label"), max_length=120, blank=True)
    value = models.FloatField(_("value"))

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        default_permissions = ()
        permissions = [("look", _("Can see how the portal is"))]
        constraints = [
            models.UniqueConstraint(fields=["name", "label"], name="one_tally_of_a_kind"),
            models.CheckConstraint(condition=Q(value__gte=0), name="tally_only_grows"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()
