"""Another number to sign in with, as officers, strangers and directors meet it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Entry, User
from accounts.refusals import answer
from accounts.requests import SignedIn, address_of
from catalogue.models import Office
from cp2.limits.services import Limited
from cp2.rules import Refused, Role
from profiles import numbers
from profiles.forms import DecisionForm, LostNumberForm, NumberCodeForm, PhoneForm
from profiles.models import (
    CHANGE_WAITS,
    ChangeStatus,
    NumberChange,
    NumberChangeQuerySet,
    Officer,
    Register,
    RegisterEntry,
    Road,
    WorkExperience,
)
from profiles.summary import Row
from profiles.views import done, mine, note_refusal, show
from sms.phones import local

PER_PAGE = 10


# An officer who is signed in


@never_cache
@login_required
def phone(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = PhoneForm(request.POST if request.method == "POST" else None, officer=officer)
    limit = None
    if form.is_valid():
        asked = form.cleaned_data
        try:
            numbers.ask(
                officer,
                phone=asked["phone"],
                payee_too=asked.get("payee_too", False),
                by=request.user,
            )
        except Refused as refusal:
            limit = refusal if isinstance(refusal, Limited) else None
            note_refusal(form, refusal)
        else:
            return redirect("profiles:phone_code")
    context = {"form": form, "officer": officer, "login": local(officer.phone)}
    context["asked"] = None if form.is_bound else _asked(officer)
    return answer(request, "profiles/phone.html", context, limit)


def _asked(officer: Officer) -> NumberChange | None:
    """The own request whose code has still to be typed."""
    asked = officer.number_changes.filter(road=Road.OWN, status=ChangeStatus.ASKED)
    since = timezone.now() - numbers.ASKED_LIFE
    return asked.filter(asked_at__gt=since).select_related("officer__user").first()


@never_cache
@login_required
def phone_code(request: SignedIn) -> HttpResponse:
    change = _asked(mine(request))
    if change is None:
        return redirect("profiles:phone")
    form = NumberCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = numbers.complete(change, code=form.cleaned_data["code"], by=request.user)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            update_session_auth_hash(request, user)  # this session goes on, all others end
            said = _("Done. From now on you sign in with %(phone)s.")
            messages.success(request, said % {"phone": local(change.new_phone)})
            return redirect("profiles:profile")
    context = {"form": form, "new_phone": local(change.new_phone)}
    return render(request, "profiles/phone_code.html", context)


@login_required
@require_POST
def phone_code_again(request: SignedIn) -> HttpResponse:
    change = _asked(mine(request))
    if change is None:
        return redirect("profiles:phone")
    try:
        numbers.send_code_again(change)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A new code is on its way. Only the newest one works."))
    return redirect("profiles:phone_code")


# Somebody whose old number is lost


@never_cache
def lost_number(request: HttpRequest) -> HttpResponse:
    """The answer is the same, in words and in work, whether there is such an account or not."""
    posted = request.POST if request.method == "POST" else None
    form = LostNumberForm(posted, initial=_own_number(request))
    limit = None
    if form.is_valid():
        try:
            change = numbers.ask_for_lost(
                **form.cleaned_data,
                language=get_language() or "en",
                address=address_of(request),
            )
        except Refused as refusal:
            limit = refusal if isinstance(refusal, Limited) else None
            form.add_error(None, str(refusal))
        else:
            return redirect("profiles:lost_number_code", change.reference)
    return answer(request, "profiles/lost_number.html", {"form": form}, limit)


def _own_number(request: HttpRequest) -> dict[str, str]:
    """Who is signed in to a second account wants the first one moved to this very number."""
    user = request.user
    own = user.phone if user.is_authenticated and user.role == Role.OFFICER else None
    return {"new_phone": local(own)} if own else {}


def _of_reference(reference: UUID) -> NumberChange:
    changes = NumberChange.objects.recent().filter(road=Road.LOST)
    return get_object_or_404(changes.select_related("officer"), reference=reference)


@never_cache
def lost_number_code(request: HttpRequest, reference: UUID) -> HttpResponse:
    """What becomes of a request after its proof does not show here: no account, no difference."""
    change = _of_reference(reference)
    form = NumberCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            numbers.prove(change, code=form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            return redirect("profiles:lost_number_code", reference)
    context = {"form": form, "change": change, "new_phone": local(change.new_phone)}
    context["asked"] = change.status == ChangeStatus.ASKED
    return render(request, "profiles/lost_number_code.html", context)


@require_POST
def lost_number_code_again(request: HttpRequest, reference: UUID) -> HttpResponse:
    try:
        numbers.send_code_again(_of_reference(reference), everyone=True)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A new code is on its way. Only the newest one works."))
    return redirect("profiles:lost_number_code", reference)


# The TSC director of the officer's sub-county


def _in_area(request: SignedIn) -> NumberChangeQuerySet:
    """Those of a TSC director's own sub-county; for nobody else is there such a page."""
    if request.user.role != Role.DIRECTOR or request.user.office != Office.TSC:
        raise Http404
    lost = NumberChange.objects.visible_to(request.user).filter(road=Road.LOST)
    return with_facts(lost)


def with_facts(changes: NumberChangeQuerySet) -> NumberChangeQuerySet:
    """All that one decides by, in two queries for any number of requests."""
    registered = RegisterEntry.objects.filter(
        register=Register.ID, number=OuterRef("officer__national_id")
    )
    vetted = Entry.objects.filter(
        subject_type="profiles.officer", subject_id=OuterRef("officer"), verb="officer.vetted"
    ).order_by("-pk")
    since = timezone.now() - CHANGE_WAITS
    others = NumberChange.objects.filter(
        officer=OuterRef("officer"), road=Road.LOST, asked_at__gt=since
    ).exclude(pk=OuterRef("pk"))
    current = WorkExperience.objects.filter(ends_on=None)
    return (
        changes.select_related("officer__user")
        .prefetch_related(Prefetch("officer__work", current))
        .annotate(
            registered_at=Subquery(registered.values("imported_at")[:1]),
            registered_name=Subquery(registered.values("name")[:1]),
            vetted_at=Subquery(vetted.values("at")[:1]),
            others=Subquery(
                others.order_by().values("officer").annotate(n=Count("pk")).values("n")
            ),
            in_use=Exists(User.objects.filter(phone=OuterRef("new_phone"))),
        )
    )


class Facts(NamedTuple):
    change: Any
    rows: list[Row]


def facts(change: Any) -> Facts:
    """For whoever decides, as much as needed and no number in full."""
    officer = change.officer
    work = officer.current_work
    to = _("Yes, the old number is paid now") if change.payee_too else _("No")
    in_use = _("Signs in to a second account, which is closed if it is empty.")
    rows = [
        Row(_("Works at"), f"{work.institution} ({work.designation})" if work else ""),
        Row(_("Old number"), change.masked_old),
        Row(_("New number"), f"{change.masked_new} {in_use if change.in_use else ''}".strip()),
        Row(_("Pay to the new number too"), to),
        Row(_("What became of the old number"), change.why),
        Row(_("ID number"), officer.masked_id),
        Row(_("ID number in the register of persons"), _registered(change)),
        Row(_("Vetted"), _day(change.vetted_at)),
        Row(_("Last signed in"), _day(officer.user.last_login) or _("Never")),
        Row(_("Asked"), _day(change.proven_at)),
    ]
    return Facts(change, rows)


def _registered(change: Any) -> str:
    if not change.registered_at:
        return _("Not found there")
    said = _("Found there on %(day)s, as %(name)s")
    return said % {"day": _day(change.registered_at), "name": change.registered_name}


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y") if at else ""


@login_required
@require_safe
def area_numbers(request: SignedIn) -> HttpResponse:
    page = Paginator(_in_area(request).waiting(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "requests": [facts(change) for change in page.object_list]}
    return render(request, "profiles/area_numbers.html", context)


@login_required
def approve_number(request: SignedIn, pk: int) -> HttpResponse:
    change = _open(request, pk)
    if change.status != ChangeStatus.PROVEN:
        return _too_late(request, change)
    hint = gettext_lazy("What you checked, for example: came to the office with the ID card.")
    form = DecisionForm(request.POST if request.method == "POST" else None, hint=hint)
    if done(form, numbers.approve, change, by=request.user):
        said = _("%(name)s signs in with the new number now, and a password goes to it by text.")
        messages.success(request, said % {"name": change.officer})
        return redirect("profiles:area_numbers")
    return show(request, "profiles/approve_number.html", form, **facts(change)._asdict())


@login_required
def refuse_number(request: SignedIn, pk: int) -> HttpResponse:
    change = _open(request, pk)
    if change.status != ChangeStatus.PROVEN:
        return _too_late(request, change)
    hint = gettext_lazy("It goes by text to the new number. Say what to do, in few words.")
    form = DecisionForm(request.POST if request.method == "POST" else None, hint=hint)
    if done(form, numbers.refuse, change, by=request.user):
        messages.success(request, _("The request is refused, and the new number is told why."))
        return redirect("profiles:area_numbers")
    return show(request, "profiles/refuse_number.html", form, **facts(change)._asdict())


def _open(request: SignedIn, pk: int) -> NumberChange:
    """One that is or was before this director; what nobody proved never is."""
    return get_object_or_404(_in_area(request).exclude(status=ChangeStatus.ASKED), pk=pk)


def _too_late(request: SignedIn, change: NumberChange) -> HttpResponse:
    said = _("The request of %(name)s waits no more: %(status)s.")
    now = str(change.get_status_display()).lower()
    messages.info(request, said % {"name": change.officer, "status": now})
    return redirect("profiles:area_numbers")
