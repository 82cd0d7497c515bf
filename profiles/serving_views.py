"""What decides where an officer may serve, on pages of their own."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn
from profiles import serving
from profiles.models import ExaminerTraining, Interest
from profiles.serving_forms import (
    InterestForm,
    RecordedInterestForm,
    TeachingForm,
    TrainingForm,
)
from profiles.views import done, in_area, mine, removed, show, typed


@login_required
def teaching(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, TeachingForm, {"subjects": officer.subjects, "skills": officer.skills})
    if done(form, serving.save_teaching, officer, by=request.user):
        messages.success(request, _("What you teach and can do is saved."))
        return redirect("profiles:profile")
    return show(request, "profiles/teaching.html", form)


# Trainings


@login_required
@require_safe
def trainings(request: SignedIn) -> HttpResponse:
    rows = mine(request).trainings.all()
    return render(request, "profiles/trainings.html", {"rows": rows})


@login_required
def add_training(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, TrainingForm, {})
    if done(form, serving.add_training, officer, by=request.user):
        messages.success(request, _("Your training is saved."))
        return redirect("profiles:trainings")
    return show(request, "profiles/add_training.html", form)


@login_required
def delete_training(request: SignedIn, pk: int) -> HttpResponse:
    rows = ExaminerTraining.objects.select_related("officer")
    row = get_object_or_404(rows, pk=pk, officer__user=request.user)
    if request.method == "POST":
        said = _("The entry is removed.")
        return removed(request, serving.remove_training, row, said, back="profiles:trainings")
    return render(request, "profiles/delete_training.html", {"training": row})


# Interests


@login_required
@require_safe
def interests(request: SignedIn) -> HttpResponse:
    rows = mine(request).interests.select_related("station")
    return render(request, "profiles/interests.html", {"rows": rows})


@login_required
def add_interest(request: SignedIn) -> HttpResponse:
    officer = mine(request)
    form = typed(request, InterestForm, {})
    if done(form, serving.declare_interest, officer, by=request.user):
        messages.success(request, _("Your interest is declared. You will not be deployed there."))
        return redirect("profiles:interests")
    return show(request, "profiles/add_interest.html", form)


@login_required
def delete_interest(request: SignedIn, pk: int) -> HttpResponse:
    rows = Interest.objects.select_related("officer", "station")
    row = get_object_or_404(rows, pk=pk, officer__user=request.user, recorded_by=None)
    if request.method == "POST":
        said = _("The entry is removed.")
        return removed(request, serving.remove_interest, row, said, back="profiles:interests")
    return render(request, "profiles/delete_interest.html", {"interest": row})


@login_required
def record_interest(request: SignedIn, pk: int) -> HttpResponse:
    """A director has learned of one."""
    officer = get_object_or_404(in_area(request), pk=pk)
    form = typed(request, RecordedInterestForm, {})
    if done(form, serving.declare_interest, officer, by=request.user):
        messages.success(request, _("The interest is recorded; the officer will not serve there."))
        return redirect("profiles:area_officer", pk=pk)
    return show(request, "profiles/record_interest.html", form, officer=officer)
