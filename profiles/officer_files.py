"""The list of a sub-county's officers as a file, as it is filtered."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from cp2.exports import Table
from profiles.forms import OfficersForm
from profiles.models import OfficerQuerySet, masked
from profiles.views import in_area, matching
from sms.phones import local

BLOCK = 500


@login_required
@require_POST
def area_officers_files(request: SignedIn) -> HttpResponseBase:
    officers = in_area(request)
    form = OfficersForm(request.GET)
    found = matching(officers, **form.cleaned_data) if form.is_valid() else officers.none()
    asked = {str(form.fields[name].label): value for name, value in form.cleaned_data.items()}
    filters = "; ".join(f"{label}: {value}" for label, value in asked.items() if value)

    def table() -> Table:
        return Table(
            name="officers",
            title=_("Officers, %(sub_county)s") % {"sub_county": request.user.sub_county},
            heading=[_("Name"), _("Phone"), _("ID number"), _("TSC number"), _("Vetting")],
            rows=_rows(found),
            count=found.count(),
            by=str(request.user),
            about=filters,
        )

    return take_away(
        request,
        table,
        back=as_asked(request, "profiles:area_officers"),
        verb="officers.taken",
        filters=filters,
    )


def _rows(found: OfficerQuerySet) -> Iterator[list[Any]]:
    """Block by block in the order of the list, so that a long one is never whole in memory."""
    numbers = list(found.order_by("full_name", "pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), BLOCK):
        block = found.filter(pk__in=numbers[start : start + BLOCK]).select_related("user")
        for officer in block.order_by("full_name", "pk"):
            yield [
                officer.full_name,
                local(officer.phone) if officer.phone else "",
                masked(officer.national_id),
                masked(officer.tsc_number),
                officer.get_vetting_display(),
            ]
