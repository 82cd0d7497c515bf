from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts import codes
from accounts.refusals import answer
from accounts.requests import SignedIn, acting_name
from accounts.services import record
from cp2.limits.services import Limited, in_words, take
from cp2.mydata.files import OwnData
from cp2.mydata.gather import Person, count
from cp2.mydata.groups import GROUPS, TRAIL, group_of
from cp2.mydata.seen import MOST, looks

KINDS = {"json": "application/json", "pdf": "application/pdf"}


@never_cache
@login_required
@require_safe
def own_data(request: SignedIn) -> HttpResponse:
    """What is held about them, why, for how long, and who has looked; and the way to all of it."""
    return _page(request)


@never_cache
@login_required
@require_POST
@codes.fresh_code(back="own_data")
@sensitive_variables()
def own_data_file(request: SignedIn, kind: str) -> HttpResponse:
    """All of it, as one file. A POST, since it is counted and written down."""
    if kind not in KINDS:
        raise Http404
    user = request.user
    try:
        take(("data.account", str(user.pk)))
    except Limited as limited:
        return _page(request, limited)
    data = OwnData(user)
    content = data.as_json() if kind == "json" else data.as_pdf()
    record("data.taken", user, by=user, acting_name=acting_name(request), file=kind)
    response = HttpResponse(content, content_type=KINDS[kind])
    response["Content-Disposition"] = (
        f'attachment; filename="cp2-{user.pk}-{data.at:%Y%m%d}.{kind}"'
    )
    return response


def _page(request: SignedIn, refusal: Limited | None = None) -> HttpResponse:
    person = Person(request.user)
    context: dict[str, Any] = {
        "groups": _groups(count(person)),
        "looks": looks(person, most=MOST),
        "trail": TRAIL,
    }
    if refusal:
        said = _("You have taken this file many times today. Take it again in %(wait)s.")
        context["refused"] = said % {"wait": in_words(refusal.wait)}
    return answer(request, "cp2/own_data.html", context, refusal)


def _groups(counted: dict[type[Model], int]) -> list[dict[str, Any]]:
    """With the number of rows of each kind; those of which there is nothing are left out."""
    return [
        {
            "group": group,
            "tables": [
                (model._meta.verbose_name_plural, n)
                for model, n in counted.items()
                if n and group_of(model) is group
            ],
        }
        for group in GROUPS
        if any(n and group_of(model) is group for model, n in counted.items())
    ]
