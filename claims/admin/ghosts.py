"""Ghosts at headquarters: a report of an exam, its signals, and all that stands behind a claim."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import Discreet, FreshActions
from accounts.codes import needs_fresh_code
from accounts.models import User
from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from catalogue.models import Exam
from claims import services
from claims.admin.base import ask_for_all
from claims.admin.taking import take_list
from claims.ghosts import finding, reading
from claims.hold_forms import FindingForm, ReportForm
from claims.models import Claim, GhostSignal, HoldCode, MoneyRun, RunKind
from cp2.exports import Table
from cp2.lists import CappedPaginator, LongList, NeverTyped
from cp2.rules import Refused
from profiles import looks, unmasking

LIST = "admin:claims_ghostsignal_changelist"
REPORT = "admin:claims_ghostsignal_report"
ON_A_PAGE = 50
SIMPLE = ("code__exact", "group_key__exact", "exam__id__exact", "claim__id__exact")


class Looked(admin.SimpleListFilter):
    title = gettext_lazy("looked at")
    parameter_name = "looked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", gettext_lazy("Not yet")), ("yes", gettext_lazy("Looked at"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(looked_at__isnull=self.value() == "no")


@admin.register(GhostSignal)
class GhostSignalAdmin(NeverTyped, FreshActions, Discreet, LongList[GhostSignal]):
    """Read by finance and the auditor; finance says what it found. A run writes the rows."""

    change_list_template = "claims/admin/signals.html"
    list_display = ["kind", "of_claim", "status", "in_figures", "group", "weight", "looked"]
    list_display_links = None
    list_filter = [Looked, "code", "claim__status", "exam"]
    list_select_related = ["claim__officer__user", "claim__exam", "looked_by"]
    search_fields = ["claim__officer__user__username__startswith", "=claim__officer__national_id"]
    search_help_text = gettext_lazy("Number (2547…), or ID number in full")
    actions = ["look", "hold_duplicate", "hold_investigation"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in SIMPLE or super().lookup_allowed(lookup, value, request)

    def has_look_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.change_ghostsignal")

    @admin.display(description=gettext_lazy("signal"), ordering="-weight")
    def kind(self, signal: GhostSignal) -> str:
        return str(signal.get_code_display())

    @admin.display(description=gettext_lazy("claim"))
    def of_claim(self, signal: GhostSignal) -> str:
        url = reverse("admin:claims_ghostsignal_claim", args=[signal.claim_id])
        return format_html('<a href="{}">{}</a>', url, signal.claim)

    @admin.display(description=gettext_lazy("status"))
    def status(self, signal: GhostSignal) -> str:
        return str(signal.claim.get_status_display())

    @admin.display(description=gettext_lazy("figures"))
    def in_figures(self, signal: GhostSignal) -> str:
        return ", ".join(f"{label}: {value}" for label, value in signal.figures)

    @admin.display(description=gettext_lazy("group"))
    def group(self, signal: GhostSignal) -> str:
        if not signal.group_key:
            return ""
        return format_html('<a href="{}">{}</a>', group_url(signal), _("All of this group"))

    @admin.display(description=gettext_lazy("looked at"))
    def looked(self, signal: GhostSignal) -> str:
        return f"{signal.looked_by}: {signal.finding}" if signal.looked_at else ""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        name = "claims_ghostsignal"
        return [
            path("report/", page(self.report), name=f"{name}_report"),
            path("report/act/", page(self.act), name=f"{name}_act"),
            path("report/files/", page(self.report_files), name=f"{name}_report_files"),
            path("ask/", page(self.ask), name=f"{name}_ask"),
            path("claim/<int:pk>/", page(self.claim), name=f"{name}_claim"),
            path("files/", page(self.take), name=f"{name}_files"),
            *super().get_urls(),
        ]

    # The signals, each with its group

    @admin.action(description=gettext_lazy("Looked at"), permissions=["look"])
    def look(self, request: HttpRequest, queryset: QuerySet[GhostSignal]) -> HttpResponse | None:
        asked = ask_for_all(self, request, self._whole(queryset), title=_("Looked at"))
        if isinstance(asked, HttpResponse):
            return asked
        chosen, note = asked
        self._say_looked(request, services.look_at(chosen, by=actor(request), finding=note))
        return None

    @admin.action(description=gettext_lazy("Hold as duplicate"), permissions=["look"])
    def hold_duplicate(
        self, request: HttpRequest, queryset: QuerySet[GhostSignal]
    ) -> HttpResponse | None:
        return self._hold(request, queryset, HoldCode.DUPLICATE)

    @admin.action(description=gettext_lazy("Hold for an investigation"), permissions=["look"])
    def hold_investigation(
        self, request: HttpRequest, queryset: QuerySet[GhostSignal]
    ) -> HttpResponse | None:
        return self._hold(request, queryset, HoldCode.INVESTIGATION)

    def _hold(
        self, request: HttpRequest, queryset: QuerySet[GhostSignal], code: HoldCode
    ) -> HttpResponse | None:
        title = _("Hold these claims: %(reason)s") % {"reason": code.label}
        asked = ask_for_all(self, request, self._whole(queryset), title=title)
        if isinstance(asked, HttpResponse):
            return asked
        chosen, note = asked
        self._say_held(request, services.hold_for(chosen, code=code, by=actor(request), note=note))
        return None

    def _whole(self, queryset: QuerySet[GhostSignal]) -> QuerySet[GhostSignal]:
        return queryset.select_related("claim__officer__user", "claim__exam")

    def _say_looked(self, request: HttpRequest, number: int) -> None:
        said = ngettext("%(n)s signal is looked at.", "%(n)s signals are looked at.", number)
        self.message_user(request, said % {"n": number})

    def _say_held(self, request: HttpRequest, number: int) -> None:
        said = ngettext("%(n)s claim is held.", "%(n)s claims are held.", number)
        self.message_user(request, said % {"n": number})

    def take(self, request: HttpRequest) -> HttpResponseBase:
        return take_list(self, request, signal_table, verb="ghosts.taken")

    # The report of an exam

    def report(self, request: HttpRequest) -> HttpResponse:
        """How many of each kind, and the claims with the most on top."""
        self._refuse_strangers(request)
        form = ReportForm(request.GET)
        exam = form.chosen()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Ghosts"),
            "form": ReportForm({"exam": exam.pk}) if exam else form,
            "exam": exam,
            "list": reverse(LIST),
            "may_look": self.has_look_permission(request),
        }
        if exam:
            context |= self._of_exam(request, exam)
        return TemplateResponse(request, "claims/admin/ghosts.html", context)

    def _of_exam(self, request: HttpRequest, exam: Exam) -> dict[str, Any]:
        kinds = reading.by_code(GhostSignal.objects.filter(exam=exam))
        most = max((kind["all"] for kind in kinds), default=0) or 1
        for kind in kinds:
            kind["left_width"] = round(100 * kind["left"] / most, 1)
            kind["looked_width"] = round(100 * (kind["all"] - kind["left"]) / most, 1)
        page = self._page(request, exam)
        return {
            "kinds": kinds,
            "page": page,
            "rows": reading.scored(page.object_list),
            "left": reading.unlooked_signals(exam).values("claim").distinct().count(),
            "run": MoneyRun.objects.filter(kind=RunKind.GHOSTS, exam=exam).first(),
            "finding": FindingForm(),
        }

    def _page(self, request: HttpRequest, exam: Exam) -> Page[Any]:
        asked = request.GET.get("page", "1")
        return CappedPaginator(reading.worst_first(exam), ON_A_PAGE).get_page(asked)

    def act(self, request: HttpRequest) -> HttpResponse:
        """What somebody found of the ticked claims, or a hold on them."""
        self._refuse_strangers(request)
        if not self.has_look_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        exam = ReportForm(request.POST).chosen()
        back = reverse(REPORT) + (f"?exam={exam.pk}" if exam else "")
        if asked := needs_fresh_code(request, back=back):
            return asked
        ticked = [pk for pk in request.POST.getlist("claim") if pk.isascii() and pk.isdigit()]
        signals = GhostSignal.objects.filter(
            claim__in=[int(pk) for pk in ticked[:ON_A_PAGE] if len(pk) < 19], exam=exam
        )
        form = FindingForm(request.POST)
        if not ticked:
            self.message_user(request, _("Tick at least one claim."), messages.ERROR)
        elif not form.is_valid():
            for errors in form.errors.values():
                self.message_user(request, str(errors[0]), messages.ERROR)
        elif form.cleaned_data["act"] == "hold":
            code = form.cleaned_data["code"] or HoldCode.DUPLICATE
            note = form.cleaned_data["note"]
            held = services.hold_for(signals, code=code, by=actor(request), note=note)
            self._say_held(request, held)
        else:
            note = form.cleaned_data["note"]
            self._say_looked(request, services.look_at(signals, by=actor(request), finding=note))
        return redirect(back)

    def ask(self, request: HttpRequest) -> HttpResponse:
        """It changes nothing but what this report says, so whoever reads it may ask for it."""
        self._refuse_strangers(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        exam = ReportForm(request.POST).chosen()
        if exam is None:
            raise Http404
        try:
            run = finding.ask(exam, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return redirect(f"{reverse(REPORT)}?exam={exam.pk}")
        return redirect("admin:claims_moneyrun_change", run.pk)

    def report_files(self, request: HttpRequest) -> HttpResponseBase:
        self._refuse_strangers(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        exam = ReportForm(request.GET).chosen()
        if exam is None:
            raise Http404
        by = actor(request)
        return take_away(
            cast(SignedIn, request),
            lambda: report_table(exam, by),
            back=f"{reverse(REPORT)}?exam={exam.pk}",
            verb="ghosts.taken",
            subject=exam,
        )

    # One claim

    def claim(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All that a claim rests on: whom it would pay, who made its marks, what was accepted.
        Numbers are masked; whoever asks for them in full says why."""
        self._refuse_strangers(request)
        people = Claim.objects.select_related("officer__user", "officer__sub_county", "exam")
        claim = people.filter(pk=pk).first()
        if claim is None:
            raise Http404
        look = unmasking.look(request, claim.officer, verb=looks.PAYEE, subject=claim)
        if isinstance(look, HttpResponse):
            return look
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(claim),
            "list": reverse(LIST),
            "claim": claim,
            "look": look,
            "facts": reading.facts(claim, full=look.open),
            "signals": [(signal, group_url(signal)) for signal in reading.of_claim(claim)],
            "deployments": reading.deployments(claim),
            "marks": reading.marks(claim),
            "holds": claim.holds.standing(),
            "finding": FindingForm(),
            "may_look": self.has_look_permission(request),
        }
        return TemplateResponse(request, "claims/admin/ghost.html", context)

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def group_url(signal: GhostSignal) -> str:
    if not signal.group_key:
        return ""
    url = reverse(LIST)
    return (
        f"{url}?code__exact={signal.code}&group_key__exact={signal.group_key}"
        f"&exam__id__exact={signal.exam_id}"
    )


def signal_table(signals: QuerySet[GhostSignal], by: User) -> Table:
    return Table(
        name="ghost-signals",
        title=_("Ghost signals"),
        heading=[
            _("Signal"),
            _("Weight"),
            _("Claim"),
            _("Officer"),
            _("ID number"),
            _("Exam"),
            _("Status"),
            _("To be paid"),
            _("Figures"),
            _("Group"),
            _("Looked at by"),
            _("What was found"),
        ],
        rows=_signal_rows(signals),
        count=signals.count(),
        by=str(by),
    )


def _signal_rows(signals: QuerySet[GhostSignal]) -> Iterator[list[Any]]:
    for signal in signals.select_related("claim__officer__user").iterator(chunk_size=500):
        claim = signal.claim
        yield [
            str(signal.get_code_display()),
            signal.weight,
            claim.pk,
            str(claim.officer),
            claim.officer.masked_id,
            claim.exam.short,
            str(claim.get_status_display()),
            claim.net,
            ", ".join(f"{label}: {value}" for label, value in signal.figures),
            signal.group_key,
            str(signal.looked_by or ""),
            signal.finding,
        ]


def report_table(exam: Exam, by: User) -> Table:
    worst = reading.worst_first(exam)
    return Table(
        name="ghosts",
        title=_("Ghosts, %(exam)s") % {"exam": exam.short},
        heading=[
            _("Score"),
            _("Claim"),
            _("Officer"),
            _("ID number"),
            _("Sub-county"),
            _("Status"),
            _("Days"),
            _("To be paid"),
            _("Signals"),
        ],
        rows=(
            [
                row.score,
                row.claim.pk,
                str(row.claim.officer),
                row.claim.officer.masked_id,
                str(row.claim.officer.sub_county or ""),
                str(row.claim.get_status_display()),
                row.claim.days,
                row.claim.net,
                "; ".join(row.words),
            ]
            for row in reading.in_blocks(worst)
        ),
        count=worst.count(),
        by=str(by),
    )
