from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cp2.audit.watched import WATCHED


class ChangeKind(models.TextChoices):
    CHANGED = "changed", _("Changed")
    REMOVED = "removed", _("Removed")
    APPEARED = "appeared", _("Added")
    EMPTIED = "emptied", _("The whole table emptied")


class ChangeQuerySet(models.QuerySet["Change"]):
    def about(self, subject: models.Model) -> Self:
        return self.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)

    def visible_to(self, user: User) -> Self:
        """All of them to those who read the whole trail; to others of what they may look at."""
        if not user.has_perm("audit.view_change"):
            return self.none()
        if user.has_perm("accounts.view_entry"):
            return self
        return self.filter(
            subject_type__in=[
                watched.subject._meta.label_lower
                for watched in WATCHED
                if user.has_perm(
                    f"{watched.subject._meta.app_label}.view_{watched.subject._meta.model_name}"
                )
            ]
        )


class Change(models.Model):
    """What a row was and what it became, written by the database itself; see watch.py.

    `fields` has the old and the new value of each field that changed. The table points to nothing:
    what it tells of may be gone. It is never changed or removed; a trigger says so.
    """

    at = models.DateTimeField(_("at"), db_default=Now())
    kind = models.CharField(_("what"), max_length=8, choices=ChangeKind)
    subject_type = models.CharField(_("kind of thing"), max_length=60)
    subject_id = models.BigIntegerField(_("its number"), null=True)
    fields = models.JSONField(_("from what to what"), default=dict)
    actor = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,  # the index below has it
        related_name="+",
        verbose_name=_("who"),
    )
    # A page by its pattern, so that nothing of an address is here; a task; a command; or that it
    # was done past the portal, and in which role.
    through = models.CharField(_("through"), max_length=200)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a row")
        verbose_name_plural = _("changes of rows")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="changes_of_a_thing"),
            models.Index(fields=["actor", "-id"], name="changes_by_a_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ChangeKind.values), name="change_is_of_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind=ChangeKind.EMPTIED, subject_id=None)
                | ~Q(kind=ChangeKind.EMPTIED) & Q(subject_id__isnull=False),
                name="change_is_of_a_row_or_of_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type} {self.subject_id}"


class Seal(models.Model):
    """So many rows of a table, as they were: what of them is changed, taken away or put among them
    afterwards no longer fits. Each seal holds the one before it; see sealing.py."""

    number = models.BigIntegerField(_("number"), unique=True)
    table = models.CharField(_("table"), max_length=60)
    after = models.BigIntegerField(_("after row"))
    upto = models.BigIntegerField(_("to row"))
    count = models.PositiveIntegerField(_("rows"))
    ids = models.TextField(_("their numbers"))
    marks = models.BinaryField(_("four bytes of each"))
    digest = models.CharField(_("digest of the rows"), max_length=64)
    previous = models.CharField(_("the seal before"), max_length=64)
    hash = models.CharField(_("seal"), max_length=64)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["-number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["table", "after"], name="rows_are_sealed_once"),
            models.CheckConstraint(
                condition=Q(upto__gt=models.F("after"), count__gt=0), name="seal_is_of_some_rows"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


# The triggers are declared on stand-ins, so that they belong to this app and its migrations, and
# the apps below need not know that they are watched.
for watched in WATCHED:
    _name = f"Watched{watched.model.__name__.replace('_', '')}"
    _meta = {
        "proxy": True,
        "app_label": "audit",
        "default_permissions": (),
        "triggers": list(watched.triggers()),
        "verbose_name": watched.model._meta.verbose_name,
        "verbose_name_plural": watched.model._meta.verbose_name_plural,
    }
    globals()[_name] = type(
        _name, (watched.model,), {"Meta": type("Meta", (), _meta), "__module__": __name__}
    )
