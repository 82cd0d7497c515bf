from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Register(models.TextChoices):
    TSC = "tsc", _("TSC register of teachers")
    ID = "id", _("Register of persons")


class RegisterEntry(models.Model):
    """A line of an agency's register, imported by headquarters, that officers are held against."""

    register = models.CharField(_("register"), max_length=10, choices=Register)
    number = models.CharField(_("number"), max_length=20)
    national_id = models.CharField(_("national ID number"), max_length=9, blank=True)
    name = models.CharField(_("name"), max_length=120)
    imported_at = models.DateTimeField(_("imported"), db_default=Now())

    class Meta:
        verbose_name = _("register entry")
        verbose_name_plural = _("register entries")
        constraints = [
            models.UniqueConstraint(
                fields=["register", "number"], name="one_line_of_a_number_per_register"
            ),
            models.CheckConstraint(
                condition=Q(register__in=Register.values), name="known_register"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()} {self.number}"
