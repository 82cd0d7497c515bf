from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.promises import ENDS_AFTER_IT_WAS_ASKED_FOR, KNOWN, TO_DO, LongRun


class RunKind(models.TextChoices):
    READ = "read", _("Reading a file")
    APPLY = "apply", _("Importing a file")
    EXPORT = "export", _("Writing a file")
    AUDIENCE = "audience", _("Finding an audience")
    SEND = "send", _("Sending a broadcast")
    CARRY = "carry", _("Taking over last year's centres")
    CHECK = "check", _("Checking a season")
    OPEN = "open", _("Opening a season's accounts")
    RETENTION = "retention", _("Removing what is no longer kept")
    BREACH = "breach", _("Finding who is affected")
    DOSSIER = "dossier", _("Collecting what is held about somebody")
    VERIFY = "verify", _("Verifying the audit trail")


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> Self:
        """A run tells counts and places, of nobody by name; headquarters sees what is at work."""
        return self if user.has_perm("runs.view_run") else self.filter(started_by=user)


class Run(LongRun):
    """Headquarters' work that takes longer than a page may, and is not about money."""

    kind = models.CharField(_("kind"), max_length=10, choices=RunKind)
    title = models.CharField(_("title"), max_length=200)
    about = models.CharField(
        _("about"), max_length=100, blank=True, help_text=_("One of a kind is open about a thing.")
    )
    page = models.CharField(
        _("page"), max_length=200, blank=True, help_text=_("Where its result is seen.")
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["not_before"], condition=TO_DO, name="runs_to_do")]
        constraints = [
            models.CheckConstraint(condition=KNOWN, name="status_of_a_run"),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="kind_of_a_run"),
            models.UniqueConstraint(
                fields=["kind", "about"],
                condition=TO_DO & ~Q(about=""),
                name="one_open_run_about_a_thing",
            ),
            models.CheckConstraint(
                condition=ENDS_AFTER_IT_WAS_ASKED_FOR, name="run_ends_after_it_was_asked_for"
            ),
        ]

    def __str__(self) -> str:
        return self.title
