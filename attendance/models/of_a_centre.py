from typing import Self, TypeVar

from django.db import models

from accounts.models import User
from cp2.rules import Role

Row = TypeVar("Row", bound=models.Model)


class OfACentreQuerySet(models.QuerySet[Row]):
    """Of rows that hang on a centre's `entry`."""

    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(entry__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(entry__station=user.station_id, entry__exam=user.exam_id)
            case _:
                return self.none()
