"""Many questions at once: one ready answer to all that ask alike, and closing."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import actor
from cp2.confirming import confirmed
from deployments.forms import ChosenField
from enquiries import services
from enquiries.models import CannedAnswer, Enquiry, Reply

ANSWER = "enquiries.add_reply"


class AlikeForm(forms.Form):
    canned = ChosenField(
        queryset=CannedAnswer.objects.filter(active=True),
        label=gettext_lazy("Ready answer"),
        empty_label=gettext_lazy("Choose"),
        error_messages={"required": gettext_lazy("Choose a ready answer first")},
    )


class SendForm(AlikeForm):
    """What the page that showed the answer sends: which one, and the last reply there was then."""

    confirmed = forms.CharField(widget=forms.HiddenInput)
    as_of = forms.RegexField(regex=r"^[0-9]{1,18}\Z", widget=forms.HiddenInput)


class WithMany(admin.ModelAdmin[Any]):
    actions = ["answer_alike", "close"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if not request.user.has_perm(ANSWER):
            actions.pop("answer_alike", None)
        return actions

    @admin.action(description=gettext_lazy("Answer all alike …"), permissions=["view"])
    def answer_alike(
        self, request: HttpRequest, queryset: QuerySet[Enquiry]
    ) -> HttpResponse | None:
        """Chosen, then shown in both languages, then sent: never unseen."""
        if not request.user.has_perm(ANSWER):
            raise PermissionDenied
        pks = self._chosen(request, queryset)
        if pks is None:
            return None
        send = SendForm(request.POST)
        if send.is_valid():
            self._send(request, pks, send)
            return None
        form = AlikeForm(request.POST if "canned" in request.POST else None)
        canned = form.cleaned_data["canned"] if form.is_valid() else None
        waiting = Enquiry.objects.filter(pk__in=pks).waiting().count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Answer all alike"),
            "form": form,
            "canned": canned,
            "chosen": pks,
            "waiting": waiting,
            "left_out": len(pks) - waiting,
            "checkbox": ACTION_CHECKBOX_NAME,
            "as_of": Reply.objects.order_by("-pk").values_list("pk", flat=True).first() or 0,
        }
        return TemplateResponse(request, "enquiries/admin_alike.html", context)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Enquiry]) -> list[int] | None:
        most = services.MOST_AT_ONCE
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: most + 1])
        if len(pks) > most:
            said = _("At most %(most)s at once. Choose fewer, or narrow the list.")
            self.message_user(request, said % {"most": most}, messages.ERROR)
            return None
        return pks

    def _send(self, request: HttpRequest, pks: list[int], send: SendForm) -> None:
        tally = services.answer_many(
            pks,
            by=actor(request),
            canned=send.cleaned_data["canned"],
            as_of=int(send.cleaned_data["as_of"]),
        )
        said = ngettext("%(count)d answered.", "%(count)d answered.", tally.done)
        self._say(request, said % {"count": tally.done}, tally)

    @admin.action(description=gettext_lazy("Close"), permissions=["change"])
    @confirmed(
        says=gettext_lazy("Each who asked is told. Whoever still wants something asks anew."),
        most=services.MOST_AT_ONCE,
    )
    def close(self, request: HttpRequest, queryset: QuerySet[Enquiry]) -> None:
        tally = services.close_many([row.pk for row in queryset], by=actor(request))
        self._say(request, _("%(count)s closed.") % {"count": tally.done}, tally)

    def _say(self, request: HttpRequest, said: str, tally: services.Tally) -> None:
        self.message_user(request, said, messages.SUCCESS if tally.done else messages.WARNING)
        for reason, count in tally.left_out.items():
            left = ngettext("%(count)d left out:", "%(count)d left out:", count)
            self.message_user(request, f"{left % {'count': count}} {reason}", messages.ERROR)
