from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.amendments import Amendment
from attendance.models.marks import Clock, Mark, MarkStatus, Way
from cp2.rules import Role


class MarkHistoryQuerySet(models.QuerySet["MarkHistory"]):
    def visible_to(self, user: User) -> Self:
        if user.role == Role.STAFF:
            return self
        return self.filter(mark__in=Mark.objects.visible_to(user))


class MarkHistory(models.Model):
    """How a mark stood until it was changed.

    The database writes these rows itself (0006), whoever changes a mark and by whatever road; they
    are neither changed nor taken away.
    """

    mark = models.ForeignKey(
        Mark, models.PROTECT, related_name="history", verbose_name=_("mark now")
    )
    status = models.CharField(_("status"), max_length=8, choices=MarkStatus)
    marked_by = models.ForeignKey(
        User,
        models.PROTECT,
        db_index=False,  # nobody asks for all that an account ever marked
        related_name="+",
        verbose_name=_("marked by"),
    )
    acting_name = models.CharField(_("acting person"), max_length=120)
    marked_at = models.DateTimeField(_("marked"))
    received_at = models.DateTimeField(_("received"))
    way = models.CharField(_("way"), max_length=10, choices=Way)
    amendment = models.ForeignKey(
        Amendment,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("amendment"),
    )
    changed_at = models.DateTimeField(_("changed"), db_default=Clock())

    objects = MarkHistoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("earlier state of a mark")
        verbose_name_plural = _("earlier states of marks")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_status_display()}, {self.acting_name}"
