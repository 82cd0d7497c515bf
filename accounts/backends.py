from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import services
from accounts.models import User


class PasswordBackend(ModelBackend):
    """For Django: the chosen password, as it is. The portal's own way in, with its limits and with
    passwords from texts, is accounts.sign_in."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        user = services.known_as(username.strip())
        if user is None or not user.is_active:
            services.waste_a_hash(password)
            return None
        return user if services.which_password(user, password) is services.Fit.CHOSEN else None

    def get_user(self, user_id: Any) -> User | None:
        """Asked at every request, so that a centre's sessions end with its account."""
        user = User.objects.select_related("exam", "sub_county").filter(pk=user_id).first()
        return user if user and user.may_go_on else None
