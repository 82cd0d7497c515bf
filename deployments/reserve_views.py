"""A post's own page: who left it, and who is next on its reserve list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.requests import SignedIn
from cp2.rules import Role
from deployments import reserve, services
from deployments.change_views import carry_out, posted
from deployments.forms import FillForm
from deployments.models import Deployment, DeploymentStatus, Post
from deployments.views import for_role

SHOWN = 10
LEFT = [DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED, DeploymentStatus.CANCELLED]


@for_role(Role.DIRECTOR)
def post(request: SignedIn, pk: int) -> HttpResponse:
    posts = Post.objects.deployable_by(request.user).ahead().with_counts()
    shown = get_object_or_404(posts.select_related("exam", "station", "position"), pk=pk)
    form = FillForm(posted(request), by=request.user)

    def fill() -> Deployment:
        application = form.cleaned_data["application"]
        return services.fill(shown, application=application, by=request.user)

    if carry_out(form, fill):
        messages.success(request, _("The officer is offered the place and is told by text."))
        return redirect("deployments:area_post", pk=pk)
    left = shown.deployments.filter(status__in=LEFT).select_related("officer__user")
    context = {
        "post": shown,
        "form": form,
        "waiting": list(reserve.eligible(shown, reserve.ranked(shown), most=SHOWN)),
        "left": left.order_by("-pk")[:SHOWN],
    }
    return render(request, "deployments/area_post.html", context)
