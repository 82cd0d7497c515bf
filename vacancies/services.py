"""What happens to an application, from the officer's wish to the office's decision."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from cp2.rules import Refused, lock, move, refuse_move
from profiles.models import Officer, Vetting
from vacancies.applicants import Applicant
from vacancies.confirmation import Confirmation
from vacancies.eligibility import reasons_against
from vacancies.models import Application, ApplicationStatus, Vacancy

# Without letters and digits that are taken for one another: 0 O, 1 I L, 5 S, 8 B, U V.
ALPHABET = "234679ACDEFGHJKMNPQRTWXYZ"


# The officer


class Changed(Refused):
    """What was confirmed is not what it is now: the officer should look again before they agree."""


@transaction.atomic
def apply(
    vacancy: Vacancy, *, officer: Officer, by: User, confirmed: str | None = None
) -> Application:
    """Put an officer forward. Locks the officer, not the vacancy that thousands share.

    Applying again for the same vacancy changes nothing: a button was pressed twice. `confirmed` is
    the token of the confirmation that the officer saw, where there was one.
    """
    # Two statements: what one statement reads beside the row it waits for is as old as its start.
    user = officer.user
    officer = lock(officer)
    applicant = Applicant.of(user)
    vacancy = Vacancy.objects.to_confirm().get(pk=vacancy.pk)
    made = applicant.live(vacancy.exam_id)
    if made and made.vacancy == vacancy.pk:
        return Application.objects.get(pk=made.pk)
    if reasons := list(reasons_against(applicant, vacancy)):
        raise Refused(*(reason.words for reason in reasons))
    if confirmed is not None and confirmed != Confirmation(applicant, vacancy).token:
        raise Changed(
            _("Something has changed since you opened this page. Look at it again, then confirm.")
        )

    application = _write(vacancy, officer)
    record("application.made", application, by=by, reference=application.reference)
    tell(user, "vacancies/applied", application=application, vacancy=vacancy)
    return application


def _write(vacancy: Vacancy, officer: Officer) -> Application:
    """The row, under a reference that nobody has yet."""
    for _attempt in range(5):
        reference = mint_reference()
        try:
            with transaction.atomic():
                return Application.objects.create(
                    vacancy=vacancy, exam=vacancy.exam, officer=officer, reference=reference
                )
        except IntegrityError:
            if not Application.objects.filter(reference=reference).exists():
                raise
    raise RuntimeError("five references in a row were taken")


def mint_reference() -> str:
    return "A-" + "".join(secrets.choice(ALPHABET) for _letter in range(8))


@transaction.atomic
def withdraw(application: Application, *, by: User) -> Application:
    """The officer steps back, which they may do until they are deployed. Twice is once."""
    application = _lock(application)
    if application.status == ApplicationStatus.WITHDRAWN:
        return application
    move(application, ApplicationStatus.WITHDRAWN)
    record("application.withdrawn", application, by=by)
    _tell(application, "vacancies/withdrawn")
    return application


# The office


@transaction.atomic
def nominate(application: Application, *, by: User, bulk: bool = False) -> Application:
    """The office puts the applicant on its list for deployment."""
    application = _lock(application)
    refuse_nomination(application, by)
    move(application, ApplicationStatus.NOMINATED)
    record("application.nominated", application, by=by)
    _tell(application, "vacancies/nominated", bulk=bulk)
    return application


@transaction.atomic
def mark_unsuccessful(
    application: Application, *, reason: str, by: User, bulk: bool = False
) -> Application:
    application = _lock(application)
    refuse_others(application, by)
    if not reason.strip():
        raise Refused(_("Say why this application is not successful."))
    move(application, ApplicationStatus.UNSUCCESSFUL, reason=reason.strip())
    record("application.turned_down", application, by=by, reason=application.reason)
    _tell(application, "vacancies/unsuccessful", bulk=bulk)
    return application


# Deployments call these; what the officer is told then is theirs to say


@transaction.atomic
def mark_deployed(application: Application, *, by: User | None) -> Application:
    """The applicant has a place; from here on the deployment is what counts.

    Whoever was not nominated yet is so by this, and hears only of the deployment.
    """
    application = _lock(application)
    if application.status == ApplicationStatus.SUBMITTED:
        move(application, ApplicationStatus.NOMINATED)
    move(application, ApplicationStatus.DEPLOYED)
    record("application.deployed", application, by=by)
    return application


@transaction.atomic
def release(application: Application, *, by: User | None, reason: str = "") -> Application:
    """The deployment fell through; the applicant is free for another one."""
    application = _lock(application)
    if application.status != ApplicationStatus.DEPLOYED:
        raise Refused(_("This application is not deployed, so it cannot be released."))
    move(application, ApplicationStatus.NOMINATED)
    record("application.released", application, by=by, reason=reason)
    return application


def _lock(application: Application) -> Application:
    """`lock`, together with what the texts and the refusals name, in one query."""
    return (
        Application.objects.select_for_update(of=("self",))
        .select_related(
            "vacancy__exam", "vacancy__position", "vacancy__sub_county", "officer__user"
        )
        .get(pk=application.pk)
    )


def refuse_nomination(application: Application, by: User) -> None:
    """Of a locked row."""
    refuse_others(application, by)
    if application.status == ApplicationStatus.DEPLOYED:  # from there on it is `release`
        raise Refused(_("This application is deployed, so it cannot be nominated."))
    refuse_move(application, ApplicationStatus.NOMINATED)
    if application.officer.vetting == Vetting.BARRED:
        raise Refused(_("This officer is barred, so they cannot be nominated."))


def refuse_others(application: Application, by: User) -> None:
    if not application.is_for(by):
        raise Refused(
            _("Only the office that deploys this position in this sub-county decides on it.")
        )


def _tell(application: Application, template: str, *, bulk: bool = False) -> None:
    tell(
        application.officer.user,
        template,
        bulk=bulk,
        application=application,
        vacancy=application.vacancy,
    )
