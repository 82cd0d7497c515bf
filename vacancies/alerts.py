"""What somebody wants to hear of when it opens; the telling is in opened.py."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.news import News
from accounts.services import choose_news, record
from cp2.rules import Refused, lock
from profiles.models import Officer
from vacancies.models import VacancyAlert

MOST = 10
ANYTHING: dict[str, Any] = {
    "exam": None,
    "activity": None,
    "station_kind": "",
    "position": None,
    "county": None,
    "sub_county": None,
}


@transaction.atomic
def keep(officer: Officer, *, by: User, **wanted: Any) -> VacancyAlert:
    """Asking for the same again changes nothing. Whoever asks wants such texts, even if they had
    turned them off before."""
    officer, wanted = lock(officer), ANYTHING | wanted
    if kept := officer.alerts.filter(**wanted).first():
        return kept
    if officer.alerts.count() >= MOST:
        raise Refused(
            _("You have %(most)d alerts, which is as many as you can have. Remove one first.")
            % {"most": MOST}
        )
    alert = VacancyAlert.objects.create(officer=officer, **wanted)
    record("alert.kept", alert, by=by)
    if News.VACANCIES in by.news_off:
        on = [news for news in News.values if news == News.VACANCIES or news not in by.news_off]
        choose_news(by, on, road="alert")
    return alert


@transaction.atomic
def remove(alert: VacancyAlert, *, by: User) -> None:
    """Twice is once."""
    officer = lock(alert.officer)
    kept = officer.alerts.filter(pk=alert.pk).first()
    if kept:
        record("alert.removed", kept, by=by)
        kept.delete()
