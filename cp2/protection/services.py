"""What people may ask about their own data, and what becomes of it."""

import hashlib
import io
import zipfile
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.news import News
from accounts.services import record, tell
from cp2.limits.services import take
from cp2.mydata.files import OwnData
from cp2.protection.models import (
    DUE,
    DataRequest,
    Dossier,
    Objection,
    RequestKind,
    RequestStatus,
)
from cp2.rules import Refused, lock, move
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.runs.services import Work
from profiles import papers
from profiles.models import NextOfKin, Paper
from profiles.models.papers import SIDES

KEPT = timedelta(days=1)
MOST_OPEN = 3  # of one person
DONE_FOR = {
    RequestKind.OBJECT: [*Objection],
    RequestKind.ERASE: [Objection.NOTHING, Objection.KIN, Objection.COPIES],
}


@transaction.atomic
def ask(subject: User, *, kind: RequestKind, text: str, written_by: User | None) -> DataRequest:
    """A person asks in the portal; or headquarters writes down what came on paper."""
    lock(subject)
    waiting = DataRequest.objects.filter(subject=subject, status=RequestStatus.OPEN)
    if waiting.filter(kind=kind, text=text).exists():
        raise Refused(_("You have asked this already. It is being looked at."))
    if waiting.count() >= MOST_OPEN:
        raise Refused(_("Three of your requests wait for an answer. Wait for these first."))
    request = DataRequest.objects.create(
        subject=subject,
        kind=kind,
        text=text,
        due_at=timezone.now() + DUE,
        written_by=written_by,
    )
    record("data_request.asked", request, by=written_by or subject, kind=str(kind))
    if written_by:  # whoever did not ask hears that somebody says so
        tell(subject, "protection/written_down", asked=_asked(request))
    return request


def _asked(request: DataRequest) -> str:
    """In the words of whose data it is about."""
    with translation.override(request.subject.language):
        return str(request.get_kind_display())


@transaction.atomic
def withdraw(request: DataRequest, *, by: User) -> None:
    request = lock(request)
    move(request, RequestStatus.WITHDRAWN)
    record("data_request.withdrawn", request, by=by)


@transaction.atomic
def decide(
    request: DataRequest, *, granted: bool, answer: str, done: Objection, by: User
) -> DataRequest:
    """The answer goes to the person; what can be done at once is done with it."""
    subject = lock(request.subject)
    request = lock(request)
    if by.pk == request.subject_id:
        raise Refused(_("A colleague must answer what you asked for yourself."))
    if done and (not granted or done not in DONE_FOR.get(RequestKind(request.kind), [])):
        raise Refused(_("This cannot be done with such an answer."))
    move(
        request,
        RequestStatus.GRANTED if granted else RequestStatus.REFUSED,
        answer=answer,
        done=done,
        decided_by=by,
        decided_at=timezone.now(),
    )
    removed = _do(subject, done)
    record("data_request.decided", request, by=by, granted=granted, done=str(done), rows=removed)
    tell(subject, "protection/decided", asked=_asked(request))
    return request


def _do(subject: User, done: Objection) -> int:
    match done:
        case Objection.NEWS:
            subject.news_off = [str(news) for news in News]
            subject.save(update_fields=["news_off"])
            return len(subject.news_off)
        case Objection.KIN:
            return NextOfKin.objects.filter(officer__user=subject).delete()[0]
        case Objection.COPIES:
            copies = list(Paper.objects.filter(officer__user=subject, kind__in=SIDES))
            for copy in copies:
                papers.discard(copy)
            return len(copies)
        case _:
            return 0


# A dossier, for those who asked on paper


def collect(request: DataRequest, *, by: User) -> Run:
    """Begins to put together all that is held about somebody."""
    take(("data.account", str(by.pk)))
    with transaction.atomic():
        request = lock(request)
        if request.kind != RequestKind.ACCESS:
            raise Refused(_("They did not ask to see what is held about them."))
        if request.status != RequestStatus.OPEN:
            raise Refused(_("This is answered. Who asks again makes a new request."))
        page = reverse("admin:protection_datarequest_change", args=[request.pk])
        run = runs.start(
            RunKind.DOSSIER,
            by=by,
            title=_("Request %(number)s") % {"number": request.pk},
            about=str(request.pk),
            page=page,
            request=request.pk,
        )
        Dossier.objects.update_or_create(
            request=request,
            defaults={"run": run, "asked_by": by, "file": "", "sha256": "", "made_at": None},
        )
        record("data.collected", request.subject, by=by, request=request.pk)
    return run


def plan(run: Run) -> list[Any]:
    return [run.asked["request"]]


def write(run: Run, portion: int) -> str:
    """The file, in the store under a name of its own; outside of any transaction."""
    subject = DataRequest.objects.get(pk=portion).subject
    with translation.override(subject.language):
        return default_storage.save(
            f"dossiers/{run.pk}-{timezone.now():%H%M%S}.zip", packed(subject)
        )


def packed(subject: User) -> ContentFile[bytes]:
    """Both files of what is held about somebody, in one that is easy to hand over."""
    data, file = OwnData(subject), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"cp2-{subject.pk}.json", data.as_json())
        archive.writestr(f"cp2-{subject.pk}.pdf", data.as_pdf())
    return ContentFile(file.getvalue())


def hand_in(run: Run, portion: int, path: str) -> None:
    dossier = Dossier.objects.select_for_update().get(request=portion)
    with default_storage.open(path) as file:
        dossier.sha256 = hashlib.sha256(file.read()).hexdigest()
    dossier.file.name, dossier.made_at = path, timezone.now()
    dossier.save(update_fields=["file", "sha256", "made_at"])
    run.count(files=1)


WORK = Work(plan=plan, step=hand_in, before=write)


def sweep() -> int:
    """Files of dossiers whose day is over; and what no dossier names any more, since it was
    collected anew or called off."""
    over = Dossier.objects.filter(made_at__lt=timezone.now() - KEPT).exclude(file="")
    swept = 0
    for dossier in over:
        dossier.file.delete(save=False)
        dossier.save(update_fields=["file"])
        swept += 1
    return swept + papers.sweep(["dossiers"], Dossier.objects.all())
