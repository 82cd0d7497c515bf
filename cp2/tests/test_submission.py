"""Until a profile is submitted nobody applies, is deployed or is paid, whichever road is tried."""

import pytest

import claims.services
import deployments.services
import vacancies.services
from claims.models import Claim, Hold, HoldCode, Payment
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import Deployment
from profiles.models import Officer
from vacancies.models import Application

pytestmark = pytest.mark.django_db


def test_nobody_applies():
    officer = make.officer(submitted_at=None)

    with pytest.raises(Refused, match="has not been submitted"):
        vacancies.services.apply(make.vacancy(), officer=officer, by=officer.user)

    assert not Application.objects.exists()


def test_nobody_is_deployed():
    post = make.post()
    make.terms(post.exam, post.position)
    officer = make.officer(submitted_at=None)

    with pytest.raises(Refused, match="not submitted yet"):
        deployments.services.deploy(
            post, officer=officer, by=make.director(post.station.sub_county)
        )

    assert not Deployment.objects.exists()


def test_nobody_is_paid():
    claim = world.approved()[0]
    Officer.objects.update(submitted_at=None)

    with pytest.raises(Refused):
        world.batch(claim)

    claims.services.check_holds(Claim.objects.all(), by=make.user())
    assert Hold.objects.standing().get().code == HoldCode.NOT_SUBMITTED
    assert not Payment.objects.exists()


def test_once_submitted_each_of_them_goes_on():
    officer = make.officer()
    vacancies.services.apply(make.vacancy(), officer=officer, by=officer.user)
    post = make.post()
    make.terms(post.exam, post.position)
    deployments.services.deploy(
        post, officer=make.officer(), by=make.director(post.station.sub_county)
    )
    world.batch(world.approved()[0])

    assert Application.objects.exists()
    assert Deployment.objects.exists()
    assert Payment.objects.exists()
