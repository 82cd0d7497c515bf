"""The box for files below a question or a reply."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.refusals import too_many_files
from cp2.limits.services import Limited, take
from enquiries.attachments import MOST_BYTES, MOST_FILES
from profiles.uploads import ACCEPTED, PaperField, PaperFile

MOST_TOGETHER = 5 * 1024 * 1024  # what the server in front lets through with one form


class SeveralFiles(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        return files.getlist(name) if hasattr(files, "getlist") else [files.get(name)]


class AttachmentsField(PaperField):
    """Up to three files, each judged by what is in it as officers' papers are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "required": False,
                "label": gettext_lazy("Files"),
                "help_text": gettext_lazy(
                    "If they help: at most 3, as PDF, JPEG or PNG, each of at most 2 MB."
                ),
                "widget": SeveralFiles(attrs={"accept": ACCEPTED, "multiple": True}),
                **kwargs,
            }
        )

    def clean(self, data: Any, initial: Any = None) -> list[PaperFile]:
        sent = [file for file in data or [] if file]
        if len(sent) > MOST_FILES:
            raise ValidationError(_("Send at most %(most)s files.") % {"most": MOST_FILES})
        if any(file.size > MOST_BYTES for file in sent):
            raise ValidationError(_("A file is larger than 2 MB. Send a smaller one."))
        if sum(file.size for file in sent) > MOST_TOGETHER:
            raise ValidationError(_("Together they are larger than 5 MB. Send fewer."))
        return [super(AttachmentsField, self).clean(file, initial) for file in sent]


class WithFiles(forms.Form):
    """A message with files. No browser sends them a second time, so an error elsewhere asks for
    them again."""

    files = AttachmentsField()  # type: ignore[assignment]  # a field goes its own way

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors and data.get("files"):
            self.add_error("files", _("Choose the files again, once the rest is right."))
        return data


def refuse_files(form: forms.Form, user: User, files: Any) -> None:
    """If it is too often: to look into a file costs a process of its own. The form says so, and
    keeps all that was typed."""
    count = min(len(files.getlist("files")), MOST_FILES)
    if not count:
        return
    try:
        take(("upload.person", str(user.pk)), cost=count)
    except Limited as limited:
        form.files = {}  # type: ignore[assignment]  # they are not looked into
        form.is_valid()
        form.add_error("files", too_many_files(limited))
