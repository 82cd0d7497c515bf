from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts import services
from accounts.models import User


class PasswordBackend(ModelBackend):
    """Signs in with the chosen password or the one issued by text."""

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
            make_password(password)  # as much work as for a user there is, so time tells nothing
            return None
        return user if services.password_fits(user, password) else None

    def get_user(self, user_id: Any) -> User | None:
        """Asked at every request, so that a centre's sessions end with its account."""
        user = User.objects.select_related("exam").filter(pk=user_id).first()
        return user if user and user.may_go_on else None
