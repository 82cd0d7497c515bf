from django.db import models
from django.utils.translation import gettext_lazy as _


class Processor(models.Model):
    """Who handles personal data on the council's behalf; shown to everybody on the privacy page."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    does = models.CharField(_("what for"), max_length=200)
    does_sw = models.CharField(_("what for, in Kiswahili"), max_length=200)
    gets = models.CharField(_("which data"), max_length=300)
    gets_sw = models.CharField(_("which data, in Kiswahili"), max_length=300)
    where = models.CharField(_("where"), max_length=120)
    contract = models.CharField(
        _("contract"), max_length=120, blank=True, help_text=_("Its number and date; not shown.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("processor")
        verbose_name_plural = _("processors")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def said(self, language: str) -> tuple[str, str]:
        """What for, and which data."""
        return (self.does_sw, self.gets_sw) if language == "sw" else (self.does, self.gets)
