"""What the short code does for the owner of an account. The roof's settings tie words to these."""

from django.conf import settings

from accounts import services
from sms.services import send_once_a_day


def password(sender: str, words: str) -> str:
    """PASSWORD: new login details to the sender, whatever else the text says."""
    if services.ask_for_password(sender, road="text"):
        return "password promised"
    return send_once_a_day(sender, "accounts/unknown_number", site=settings.SITE_URL)
