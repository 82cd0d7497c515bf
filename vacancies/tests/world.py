"""A sub-county with an exam, its stations' posts and the people who want them."""

from datetime import timedelta

from django.contrib.auth.models import Group

from catalogue.models import Activity
from cp2.rules import Role
from cp2.tests import make


def staff(group="Deployment"):
    user = make.user(Role.STAFF, name="Mwangi Headquarters")
    user.groups.add(Group.objects.get(name=group))
    return user


def activity():
    return Activity.objects.get(name="Supervision & Invigilation of exams")


def exam_to_come(**fields):
    """Its rehearsal is in a month and a half."""
    day = make.today() + timedelta(days=45)
    dates = {"rehearsal_on": day, "starts_on": day + timedelta(days=1)}
    return make.exam(**{**dates, "ends_on": day + timedelta(days=20), **fields})


def posts(exam, sub_county, *required, position=None):
    """A station for each number."""
    position = position or make.position()
    return [
        make.post(
            exam=exam,
            station=make.station(sub_county=sub_county),
            position=position,
            required=number,
        )
        for number in required
    ]
