from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import looks_issued

TOO_EASY = ("knec", "kcse", "kpsea", "kjsea", "kcpe", "password", "nenosiri")


class PersonalPasswordValidator:
    """Refuses what a neighbour would try first: the phone number, the exam, the word itself."""

    def validate(self, password: str, user: Any = None) -> None:
        low = password.lower()
        if any(word in low for word in TOO_EASY):
            raise ValidationError(
                _("Choose a password without the words KNEC, KCSE or password in it.")
            )
        if looks_issued(password):
            raise ValidationError(
                _("Choose a password of your own, not one that we sent or that looks like it.")
            )
        if isinstance(user, User) and any(part in low for part in _parts(user)):
            raise ValidationError(_("Choose a password without your phone number or name in it."))

    def get_help_text(self) -> str:
        return _("Do not use your phone number or name, nor the name of an exam.")


def _parts(user: User) -> list[str]:
    words = [user.username, *user.name.split()]
    if user.phone:
        words.append(user.phone[3:])
    return [word.lower() for word in words if len(word) >= 4]
