"""What the short code does for the owner of an account. The roof's settings tie words to these."""

from datetime import datetime

from accounts import services
from accounts.models import User
from accounts.news import News
from cp2.limits.services import Limited
from sms.services import send_once_a_day


def password(sender: str, words: str, at: datetime) -> str:
    """PASSWORD: new login details to the sender, whatever else the text says."""
    user = User.objects.filter(phone=sender).first()
    if user is None:
        return send_once_a_day(sender, "accounts/unknown_number")
    if not user.is_active:
        return send_once_a_day(sender, "accounts/switched_off", language=user.language)
    try:
        services.ask_for_password(sender, road="text")
    except Limited as limited:
        return f"silent: {limited.name}"  # one is on its way, or came a moment ago
    return "password promised"


def help_(sender: str, words: str, at: datetime) -> str:
    """HELP: what may be texted, once a day, in the sender's language as far as it is known."""
    user = User.objects.filter(phone=sender).first()
    return send_once_a_day(sender, "sms/help", language=user.language if user else "en")


def stop(sender: str, words: str, at: datetime) -> str:
    """STOP: no news any more. What a season needs still comes, and the answer says so."""
    return _choose(sender, [], "accounts/stopped")


def start(sender: str, words: str, at: datetime) -> str:
    """START: all news again."""
    return _choose(sender, News.values, "accounts/started")


def _choose(sender: str, wanted: list[str], answer: str) -> str:
    user = User.objects.filter(phone=sender, is_active=True).first()
    if user is None:
        return send_once_a_day(sender, "accounts/unknown_number")
    before = user.news_off
    user = services.choose_news(user, wanted, road="text")
    if user.news_off == before:
        return send_once_a_day(sender, answer, language=user.language)
    services.tell(user, answer)
    return f"answered: {answer}"
