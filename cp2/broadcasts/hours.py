"""When phones may ring: texts to many leave by day."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


def quiet_until(now: datetime) -> datetime | None:
    """The morning, if it is night; else nothing."""
    here = timezone.localtime(now)
    if settings.BROADCASTS_FROM <= here.hour < settings.BROADCASTS_UNTIL:
        return None
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    morning = midnight + timedelta(hours=settings.BROADCASTS_FROM)
    return morning if morning > here else morning + timedelta(days=1)


def takes(texts: int) -> timedelta | None:
    """How long so many leave, nights not counted; None while none may leave."""
    rate: float = settings.SMS_BULK_PER_SECOND
    return timedelta(seconds=round(texts / rate)) if rate > 0 else None
