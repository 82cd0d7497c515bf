"""Headquarters' side of letters: which there are, the words they are printed in, packs of them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, URLResolver, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import actor
from cp2.confirming import confirmed, each
from cp2.rules import Refused
from deployments import letter_editing, letter_fields, letter_sample, letter_texts, letters, packs
from deployments.admin_parts import LookOnly
from deployments.letter_forms import AnyPackForm, BeginTextForm, WriteTextForm
from deployments.models import Letter, LetterPack, LetterText


def posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def answered(form: forms.Form, act: Callable[[], HttpResponse]) -> HttpResponse | None:
    """Where it leads once it is done; none if it was not, and the form says why."""
    if not form.is_valid():
        return None
    try:
        return act()
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None


def ask(
    admin: admin.ModelAdmin[Any], request: HttpRequest, form: forms.Form, **said: str
) -> HttpResponse:
    context = {**admin.admin_site.each_context(request), "opts": admin.opts, "form": form, **said}
    return render(request, "deployments/admin_letter_ask.html", context)


@admin.register(Letter)
class LetterAdmin(LookOnly):
    """Which letters there are. The file itself is the officer's: it opens on their page only."""

    list_display = ["code", "deployment", "status", "issued_at", "voided_at", "downloaded_at"]
    list_filter = ["status", ("voided_at", admin.EmptyFieldListFilter)]
    list_select_related = [
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
    ]
    search_fields = [
        "=code",
        "=deployment__serial",
        "=deployment__officer__national_id",
        "=deployment__officer__user__phone",
        "=deployment__post__station__code",
    ]
    search_help_text = gettext_lazy(
        "Code of the letter, serial, ID number, phone number (2547…) or centre code, in full"
    )
    exclude = ["file"]
    actions = ["print_again"]

    @admin.action(description=gettext_lazy("Print failed letters again"), permissions=["print"])
    @confirmed(says=gettext_lazy("Letters that failed are printed again within minutes."))
    def print_again(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        done = each(self, request, queryset, letters.print_again)
        said = ngettext("%(count)d letter printed soon.", "%(count)d letters printed soon.", done)
        self.message_user(request, said % {"count": done})

    def has_print_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.change_deployment")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name != "file"]


@admin.register(LetterText)
class LetterTextAdmin(admin.ModelAdmin[LetterText]):
    """A draft is written here, looked at as it will be printed, and published."""

    form = WriteTextForm
    change_form_template = "deployments/admin_letter_text.html"
    list_display = ["__str__", "exam", "position", "language", "version", "published_at"]
    list_filter = ["language", ("published_at", admin.EmptyFieldListFilter), "exam", "position"]
    list_select_related = ["exam", "position"]
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: LetterText | None = None) -> Any:
        words = "numbered" if obj and obj.published_at else "paragraphs"
        of = ["exam", "position", "language", "version", "published_at"]
        return [*of, "series", "subject", words, "closing"]

    def get_readonly_fields(self, request: HttpRequest, obj: LetterText | None = None) -> Any:
        """Letters have gone out in words that are published: a new wording is a new version."""
        fields = self.get_fields(request, obj)
        return fields if obj and obj.published_at else fields[:5]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A draft is begun from words that there are."""
        if not self.has_add_permission(request):
            raise Http404
        form = BeginTextForm(posted(request), initial=request.GET.dict())

        def begin() -> HttpResponse:
            text = letter_editing.begin(**form.cleaned_data, by=actor(request))
            said = _("A draft. Nothing is printed in these words before you publish them.")
            self.message_user(request, said)
            return redirect("admin:deployments_lettertext_change", text.pk)

        title, submit = _("Begin a letter text"), _("Begin")
        return answered(form, begin) or ask(self, request, form, title=title, submit=submit)

    @admin.display(description=gettext_lazy("numbered paragraphs"))
    def numbered(self, text: LetterText) -> SafeString:
        return format_html_join(
            "", "<p>{}</p>", ((each,) for each in letter_texts.as_list(text.paragraphs))
        )

    def save_model(self, request: HttpRequest, obj: LetterText, form: Any, change: bool) -> None:
        letter_editing.write(obj, by=actor(request))

    def response_change(self, request: HttpRequest, obj: LetterText) -> HttpResponse:
        """It is looked at next, and that is done from here."""
        self.message_user(request, _("Saved. Look at it as a page or as a PDF, then publish it."))
        return redirect("admin:deployments_lettertext_change", obj.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        shown = {"letter_fields": letter_fields.FIELDS.items(), **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, shown)
        except Refused as refusal:  # it was published since the page was opened
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.get_full_path())

    def get_urls(self) -> list[URLResolver | URLPattern]:  # type: ignore[override]  # paths of both kinds
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        at = "<int:pk>"
        return [
            path(f"{at}/preview/", page(self.preview), name="deployments_lettertext_preview"),
            path(f"{at}/preview.pdf", page(self.preview_pdf), name="deployments_lettertext_pdf"),
            path(f"{at}/publish/", page(self.publish), name="deployments_lettertext_publish"),
            *super().get_urls(),
        ]

    def _found(self, request: HttpRequest, pk: int, *, may: bool) -> LetterText:
        if not may:
            raise Http404
        return get_object_or_404(LetterText.objects.select_related("exam", "position"), pk=pk)

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = self._found(request, pk, may=self.has_view_permission(request))
        return self._page(
            request,
            "admin_letter_preview",
            text,
            title=_("What the letter says"),
            **letter_sample.contents(text),
        )

    def preview_pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = self._found(request, pk, may=self.has_view_permission(request))
        response = HttpResponse(letter_sample.content(text), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="letter.pdf"'
        return response

    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = self._found(request, pk, may=self.has_change_permission(request))
        if request.method == "POST":
            try:
                letter_editing.publish(text, by=actor(request))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(
                    request, _("Published: letters are printed in these words from now on.")
                )
            return redirect("admin:deployments_lettertext_change", pk)
        return self._page(request, "admin_letter_publish", text, title=_("Publish a letter text"))

    def _page(
        self, request: HttpRequest, template: str, text: LetterText, **more: Any
    ) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "text": text}
        return render(request, f"deployments/{template}.html", {**context, **more})


@admin.register(LetterPack)
class LetterPackAdmin(LookOnly):
    """Packs of letters: headquarters may ask for any, and sees who asked for which."""

    change_form_template = "deployments/admin_letter_pack.html"
    list_display = ["__str__", "status", "progress", "total", "asked_by", "asked_at", "expires_at"]
    list_filter = ["status", "exam"]
    list_select_related = ["exam", "station", "sub_county", "position", "asked_by"]
    exclude = ["file"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may look at each letter may look at them together."""
        return request.user.has_perm("deployments.view_letter")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.change_deployment")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name != "file"]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404
        form = AnyPackForm(posted(request), by=actor(request))

        def put_together() -> HttpResponse:
            pack = packs.ask(**form.cleaned_data, by=actor(request))
            return redirect("deployments:pack", pack.pk)

        title, submit = _("Put letters together"), _("Put together")
        return answered(form, put_together) or ask(self, request, form, title=title, submit=submit)


__all__ = ["LetterAdmin", "LetterPackAdmin", "LetterTextAdmin"]
