from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class PortalAdminSite(AdminSite):
    """Headquarters' front door: staff only, and only once their one-time code was checked."""

    site_header = _("CP2 headquarters")
    site_title = _("CP2")
    index_title = _("The season")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return super().has_permission(request) and isinstance(user, User) and user.is_verified()

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one way in for everybody; it asks for the code as well."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404  # they are signed in already: to ask again would lead here again
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
