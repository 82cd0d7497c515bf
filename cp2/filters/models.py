"""Ways of looking at a list of the admin, kept: its filters, its order, its search."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User

LONGEST = 1000  # characters of an address


class SavedView(models.Model):
    """The list is named by its model's label, so that a view outlives a list that is gone."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    model = models.CharField(_("list"), max_length=100)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("what it asks for"), max_length=LONGEST)
    shared = models.BooleanField(_("shared with colleagues"), default=False)
    saved_at = models.DateTimeField(_("saved"), auto_now=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "model", "name"], name="one_view_of_a_name_for_a_list"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(query=""), name="view_is_of_something"
            ),
        ]
        indexes = [
            models.Index(fields=["model"], name="shared_views_of_a_list", condition=Q(shared=True))
        ]

    def __str__(self) -> str:
        return self.name
