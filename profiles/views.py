"""An officer's own profile, from the phone number on, and a director's look at it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, Q, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.refusals import answer, too_many_files, too_many_texts
from accounts.requests import SignedIn, address_of, is_read
from catalogue.models import Office
from cp2.limits.services import Limited, take
from cp2.rules import Refused, Role
from profiles import doubts, identity, looks, services, summary
from profiles.appeals import appeal_of
from profiles.completeness import standing, with_standing
from profiles.forms import (
    BankForm,
    BarForm,
    NextOfKinForm,
    OfficersForm,
    PayeeForm,
    PersonalForm,
    QualificationForm,
    RegisterForm,
    TickedForm,
    WorkForm,
)
from profiles.models import (
    SIDES,
    Officer,
    OfficerQuerySet,
    Paper,
    PaperKind,
    Qualification,
    RegisterCheck,
    Vetting,
    WorkExperience,
)
from profiles.uploads import PaperField
from sms.phones import is_mobile, local, mobile

PER_PAGE = 25


def mine(request: SignedIn) -> Officer:
    """The profile of whoever asks; centres, directors and headquarters have none."""
    officers = Officer.objects.select_related("user", "bank_account", "next_of_kin")
    officers = officers.annotate(sharing=doubts.SHARING)
    return get_object_or_404(officers, user=request.user)


def all_of_mine(request: SignedIn) -> Officer:
    return get_object_or_404(Officer.objects.with_profile(), user=request.user)


def typed(
    request: SignedIn, form: Callable[..., forms.Form], initial: dict[str, Any]
) -> forms.Form:
    """The form as posted; or, when only a drop-down was to follow another, what was typed in it
    and no complaints yet; or as it is on file."""
    if request.method != "POST":
        return form(initial=initial)
    if "refresh" in request.POST:
        return form(initial=request.POST.dict())
    if request.FILES:  # looking into a file costs a process of its own
        try:
            take(("upload.person", str(request.user.pk)))
        except Limited as limited:
            return without_files(form(request.POST), limited)
    return form(request.POST, request.FILES)


def without_files(form: forms.Form, limited: Limited) -> forms.Form:
    """With all that was typed, and by the file's field why it was not looked at."""
    names = [name for name, field in form.fields.items() if isinstance(field, PaperField)]
    for name in names:
        form.fields[name].required = False  # it was there
    for name in names:
        form.add_error(name, too_many_files(limited))
    form.limited = limited  # type: ignore[attr-defined]  # ours, for `show`
    return form


def done(form: forms.Form, service: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Whether the form was good and the service did it. What it refuses is said by the form."""
    if not form.is_valid():
        return False
    try:
        service(*args, **kwargs, **form.cleaned_data)
    except Refused as refusal:
        note_refusal(form, refusal)
        return False
    return True


def removed(
    request: SignedIn, service: Callable[..., Any], row: Any, said: str, *, back: str
) -> HttpResponse:
    """What follows when somebody was asked whether to remove a row, and said yes."""
    try:
        service(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect(back)


def note_refusal(form: forms.Form, refusal: Refused) -> None:
    """By the field that it is about, with the way to another account of the same person."""
    field = getattr(refusal, "field", None)
    form.add_error(field, str(refusal))
    if isinstance(refusal, services.Elsewhere):
        form.fields[refusal.field].is_elsewhere = True  # type: ignore[attr-defined]  # ours


def show(
    request: SignedIn, template: str, form: forms.Form, *, follower: str = "", **context: Any
) -> HttpResponse:
    """The page with its form or, to htmx, only the drop-down that followed."""
    if follower and request.htmx and "refresh" in request.POST:
        return render(request, "profiles/_follower.html", {"field": form[follower]})
    limited = getattr(form, "limited", None)
    return answer(request, template, {"form": form, **context}, limited)


# The account


@never_cache
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = RegisterForm(request.POST if request.method == "POST" else None)
    limit = None
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        try:
            services.register(phone, language=get_language() or "en", address=address_of(request))
        except Limited as limited:
            limit = limited
            form.add_error("phone", too_many_texts(limited))
        except Refused as refusal:
            form.add_error("phone", str(refusal))
        else:
            messages.success(
                request,
                _(
                    "Your account is open. Your user name and password are on their way by text "
                    "to %(phone)s. If no text comes within a few minutes, dial *456*9*5*5*1# to "
                    "let texts from companies through, then send PASSWORD to 22262."
                )
                % {"phone": local(phone)},
            )
            return redirect("accounts:login")
    return answer(request, "profiles/register.html", {"form": form}, limit)


# The profile


@login_required
@require_safe
def profile(request: SignedIn) -> HttpResponse:
    officers = with_standing(Officer.objects.with_profile()).annotate(
        doubts=doubts.WAITING, sharing=doubts.SHARING
    )
    officer = get_object_or_404(officers, user=request.user)
    context = {
        "officer": officer,
        "standing": standing(officer),
        "appeal": appeal_of(officer),
        "copies": copies_of_id(officer, request.user),
        "personal": summary.personal(officer),
        "payee": summary.payee(officer),
        "bank": summary.bank(officer),
        "work": [(row, summary.work(row)) for row in officer.work.all()],
        "qualifications": summary.qualifications(officer),
        "next_of_kin": summary.next_of_kin(officer),
        "doubts": [
            *doubts.of_payee(officer),
            *doubts.of_registers(officer),
            *doubts.of_shared_payee(officer),
        ],
    }
    return render(request, "profiles/profile.html", context)


@login_required
def personal(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    before = officer.vetting
    form = typed(request, PersonalForm, PersonalForm.of(officer))
    if done(form, services.save_personal, officer, by=request.user):
        messages.success(request, _("Your personal details are saved."))
        officer.refresh_from_db(fields=["vetting", "changed_since"])
        if officer.vetting != before:
            messages.warning(
                request,
                _(
                    "You changed: %(what)s. Your TSC director is asked to vet you again. "
                    "A deployment that you have stays."
                )
                % {"what": officer.changed_words},
            )
        return redirect("profiles:profile")
    return show(request, "profiles/personal.html", form, officer=officer)


@login_required
def payee(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    on_file = {
        "name": officer.payee_name,
        "phone": officer.payee_phone or officer.phone,
        "paid_by": officer.paid_by,
    }
    account = getattr(officer, "bank_account", None)
    payee_form = partial(PayeeForm, full_name=officer.full_name, account=account)
    form = typed(request, payee_form, {**on_file, "phone": local(on_file["phone"])})
    if done(form, services.save_payee, officer, by=request.user):
        messages.success(request, _("Where you are paid is saved."))
        return redirect("profiles:profile")
    doubtful = [*doubts.of_payee(officer), *doubts.of_shared_payee(officer)]
    login = local(officer.phone)
    return show(
        request,
        "profiles/payee.html",
        form,
        officer=officer,
        account=account,
        login=login,
        doubts=doubtful,
    )


@login_required
def bank(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, BankForm, BankForm.of(officer))
    if done(form, services.save_bank_account, officer, by=request.user):
        messages.success(request, _("Your bank details are saved."))
        return redirect("profiles:profile")
    return show(request, "profiles/bank.html", form, officer=officer, follower="branch")


@login_required
def next_of_kin(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, NextOfKinForm, NextOfKinForm.of(officer))
    if done(form, services.save_next_of_kin, officer, by=request.user):
        messages.success(request, _("Your next of kin is saved."))
        return redirect("profiles:profile")
    return show(request, "profiles/next_of_kin.html", form)


# Work experience


@login_required
@require_safe
def work(request: SignedIn) -> HttpResponse:
    rows = [(row, summary.work(row)) for row in all_of_mine(request).work.all()]
    return render(request, "profiles/work.html", {"rows": rows})


@login_required
def add_work(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, WorkForm, {})
    if done(form, services.save_work, officer, by=request.user):
        messages.success(request, _("Your work experience is saved."))
        return redirect("profiles:work")
    return show(request, "profiles/add_work.html", form, follower="sub_county")


def _work(request: SignedIn, pk: int) -> WorkExperience:
    rows = WorkExperience.objects.select_related("officer", "sub_county__county", "station")
    return get_object_or_404(rows, pk=pk, officer__user=request.user)


@login_required
def change_work(request: SignedIn, pk: int) -> HttpResponse:
    row = _work(request, pk)
    form = typed(request, WorkForm, WorkForm.of(row))
    if done(form, services.save_work, row.officer, work=row, by=request.user):
        messages.success(request, _("Your work experience is saved."))
        return redirect("profiles:work")
    return show(request, "profiles/change_work.html", form, follower="sub_county", work=row)


@login_required
def delete_work(request: SignedIn, pk: int) -> HttpResponse:
    row = _work(request, pk)
    if request.method == "POST":
        said = _("The entry is removed.")
        return removed(request, services.remove_work, row, said, back="profiles:work")
    return render(request, "profiles/delete_work.html", {"work": row})


# Qualifications


@login_required
@require_safe
def qualifications(request: SignedIn) -> HttpResponse:
    rows = summary.qualifications(all_of_mine(request))
    return render(request, "profiles/qualifications.html", {"rows": rows})


@login_required
def add_qualification(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, QualificationForm, {})
    if done(form, services.save_qualification, officer, by=request.user):
        messages.success(request, _("Your qualification is saved."))
        return redirect("profiles:qualifications")
    return show(request, "profiles/add_qualification.html", form)


def _qualification(request: SignedIn, pk: int) -> Qualification:
    rows = Qualification.objects.select_related("officer", "certificate")
    return get_object_or_404(rows, pk=pk, officer__user=request.user)


@login_required
def change_qualification(request: SignedIn, pk: int) -> HttpResponse:
    row = _qualification(request, pk)
    form = typed(request, QualificationForm, QualificationForm.of(row))
    if done(form, services.save_qualification, row.officer, qualification=row, by=request.user):
        messages.success(request, _("Your qualification is saved."))
        return redirect("profiles:qualifications")
    return show(request, "profiles/change_qualification.html", form, qualification=row)


@login_required
def delete_qualification(request: SignedIn, pk: int) -> HttpResponse:
    row = _qualification(request, pk)
    if request.method == "POST":
        said = _("The entry is removed.")
        return removed(
            request, services.remove_qualification, row, said, back="profiles:qualifications"
        )
    return render(request, "profiles/delete_qualification.html", {"qualification": row})


# Submitting


@login_required
def submit(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    if request.method == "POST":
        try:
            services.submit(officer, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Your profile is submitted. You can apply for vacancies."))
        return redirect("profiles:profile")
    context = {"officer": officer, "standing": standing(officer)}
    return render(request, "profiles/submit.html", context)


# A director's officers


def in_area(request: SignedIn) -> OfficerQuerySet:
    """The submitted officers of a director's own sub-county; for nobody else is there such a
    page."""
    if request.user.role != Role.DIRECTOR:
        raise Http404
    return Officer.objects.visible_to(request.user).submitted()


def vettable(request: SignedIn) -> OfficerQuerySet:
    """Those whom this director may vet or bar; to the other office it is not offered."""
    if not services.is_vetter(request.user):
        raise Http404
    return in_area(request)


def matching(officers: OfficerQuerySet, *, q: str = "", vetting: str = "") -> OfficerQuerySet:
    """Those whose name has these words in it, or who have exactly this number."""
    if vetting:
        officers = officers.filter(vetting=vetting)
    if q:
        phone = mobile(q) if is_mobile(q) else ""
        number = q.replace(" ", "")
        officers = officers.filter(
            Q(full_name__icontains=q)
            | Q(national_id=number)
            | Q(tsc_number=number)
            | Q(user__username=phone)
        )
    return officers


@login_required
@require_safe
def area_officers(request: SignedIn) -> HttpResponse:
    waiting_first = Case(When(vetting=Vetting.PENDING, then=0), default=1)
    officers = in_area(request).select_related("user").order_by(waiting_first, "full_name", "pk")
    form = OfficersForm(request.GET)
    found = matching(officers, **form.cleaned_data) if form.is_valid() else officers.none()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "searched": any(form.cleaned_data.values()),
        "alike": services.alike(page.object_list),
        "may_vet": services.is_vetter(request.user),
    }
    return render(request, "profiles/area_officers.html", context)


@login_required
@require_POST
def vet_officers(request: SignedIn) -> HttpResponse:
    form = TickedForm(request.POST, officers=vettable(request))
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["officer"])))
    else:
        vetted = services.vet_many(form.cleaned_data["officer"], by=request.user)
        text = ngettext("%(count)d officer is vetted.", "%(count)d officers are vetted.", vetted)
        messages.success(request, text % {"count": vetted})
    return redirect("profiles:area_officers")


@login_required
@require_safe
def area_officer(request: SignedIn, pk: int) -> HttpResponse:
    officers = in_area(request).with_profile().annotate(sharing=doubts.SHARING)
    officer = get_object_or_404(officers, pk=pk)
    if is_read(request):
        looks.note_view(officer, by=request.user)
    context = {
        "officer": officer,
        "alike": services.alike([officer]),
        "appeal": appeal_of(officer),
        "may_vet": services.may_vet(officer, request.user),
        "personal": summary.personal(officer),
        "copies": copies_of_id(officer, request.user),
        "phone": local(officer.phone),
        "checks": identity.side_by_side(RegisterCheck.objects.filter(officer=officer)),
        "payee_differs": doubts.payee_differs(officer),
        "work": [(row, summary.work(row)) for row in officer.work.all()],
        "qualifications": summary.qualifications(officer),
        "interests": officer.interests.select_related("station"),
    }
    return render(request, "profiles/area_officer.html", context)


def copies_of_id(officer: Officer, user: User) -> list[tuple[PaperKind, Paper | None]]:
    """Side by side; nothing for those who have no business with them."""
    if user.role == Role.DIRECTOR and user.office != Office.TSC:
        return []
    sent = {paper.kind: paper for paper in officer.papers.all()}
    return [(side, sent.get(side)) for side in SIDES]


@login_required
@require_POST
def vet_officer(request: SignedIn, pk: int) -> HttpResponse:
    officer = get_object_or_404(vettable(request), pk=pk)
    try:
        services.vet(officer, status=Vetting.VETTED, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        looks.back_to_the_page(request.user)
        messages.success(request, _("%(name)s is vetted.") % {"name": officer.full_name})
    return redirect("profiles:area_officer", pk=pk)


@login_required
def bar_officer(request: SignedIn, pk: int) -> HttpResponse:
    officer = get_object_or_404(vettable(request), pk=pk)
    form = BarForm(request.POST if request.method == "POST" else None)
    if done(form, services.vet, officer, status=Vetting.BARRED, by=request.user):
        looks.back_to_the_page(request.user)
        messages.success(
            request, _("%(name)s is barred and told so.") % {"name": officer.full_name}
        )
        return redirect("profiles:area_officer", pk=pk)
    return show(request, "profiles/bar_officer.html", form, officer=officer)
